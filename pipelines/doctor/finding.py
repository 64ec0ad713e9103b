"""What one look at the machine found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Args:
        check: What was looked at, in a word or two.
        ok: Whether a run can go on with it.
        detail: What was found: versions, paths, sizes.
        remedy: What to do where it is not ok; empty where it is.
    """

    check: str
    ok: bool
    detail: str
    remedy: str = ""
