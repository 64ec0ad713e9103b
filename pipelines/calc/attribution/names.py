"""The rules by name, as settings ask for them, without what computes them; `rules` has each."""

from __future__ import annotations

RULE_NAMES = (
    "first",
    "last",
    "last_click",
    "last_non_direct",
    "post_click",
    "linear",
    "position",
    "time_decay",
    "shapley",
)
