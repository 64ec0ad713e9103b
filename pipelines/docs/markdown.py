"""The little markdown that the pages need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipelines.lakehouse.table import Table


def plain(text: str) -> str:
    r"""Text for a cell of a table: no pipe ends the cell, and nothing outside of code reads as HTML.

    >>> print(plain("a|b at <root>, `<root>`"))
    a\|b at \<root>, `<root>`
    """
    spans = text.replace("|", r"\|").split("`")
    return "`".join(span if i % 2 else span.replace("<", r"\<") for i, span in enumerate(spans))


def grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(plain, line)) + " |" for line in lines)


def joined(parts: Iterable[str]) -> str:
    """Blocks as a page, a blank line between them."""
    return "\n\n".join(parts) + "\n"


def ticked(names: Iterable[str]) -> str:
    """Names as code, with commas."""
    return ", ".join(f"`{name}`" for name in names)


def link(table: Table) -> str:
    """A link from one page of `docs/tables/` to another."""
    return f"[`{table.name}`]({table.name}.md)"
