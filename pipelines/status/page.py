"""The status as one HTML page that opens offline, on a phone, in light and in dark; it refers to nothing outside."""

from __future__ import annotations

from pathlib import Path

import jinja2

from pipelines.status.collect import Status


def render(status: Status) -> str:
    """The whole page; everything that comes from the lake is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("status.html.j2").render(status=status)
