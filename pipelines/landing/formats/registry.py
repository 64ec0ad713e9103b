"""Every vendor's format that `tillpost land --format` knows."""

from __future__ import annotations

from difflib import get_close_matches

from pipelines.errors import UsageError
from pipelines.landing.formats import ga4, one_c, retail_rocket, sendgrid
from pipelines.landing.formats.vendor import Format

FORMATS: dict[str, Format] = {
    module.FORMAT.name: module.FORMAT for module in (ga4, one_c, retail_rocket, sendgrid)
}


def find(name: str) -> Format:
    """The format of a name.

    Raises:
        UsageError: there is none; the message names the nearest.
    """
    if name in FORMATS:
        return FORMATS[name]
    near = get_close_matches(name.lower().replace("-", "_"), FORMATS, n=1)
    raise UsageError(
        f"There is no format {name!r}" + (f"; did you mean {near[0]}?" if near else ""),
        remedy=f"Give one of {', '.join(FORMATS)}; docs/formats.md says what each reads.",
    )
