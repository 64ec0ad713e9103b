"""One page for a table: everything that its contract says, and who reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.bronze import records as bronze
from pipelines.docs.markdown import grid, joined, link, ticked
from pipelines.docs.words import consequence, maker, policy, readers, touches
from pipelines.lakehouse.table import Table
from pipelines.landing.contract import Field
from pipelines.landing.sources import SOURCES

WRITTEN = "<!-- Written by `make docs`; edit the contract, not this page. -->"


def table_page(table: Table) -> str:
    """The text of the page."""
    facts = [
        ("key", ticked(table.key)),
        ("scope", ticked(table.scope) or "none"),
        ("write", policy(table)[1]),
        ("made by", maker(table)),
        ("contract", f"version {table.version}"),
        ("read by", ", ".join(map(link, readers(table))) or "no other table"),
    ]
    parts = [WRITTEN, f"# {table.name}", table.doc.strip(), grid(("", ""), facts)]
    if table.reads:
        rows = [(link(read.table), touches(table, read)) for read in table.reads]
        parts += ["## Reads", grid(("table", "a changed row of it touches"), rows)]
    if table.params:
        listed = ", ".join(f"[`{path}`](../settings.md#{path.split('.')[0]})" for path in table.params)
        parts += ["## Settings", f"A changed value of one of these rebuilds the table: {listed}."]
    if table.models:
        parts += ["## Models", f"Another champion of one of these rebuilds it: {ticked(table.models)}."]
    return joined([*parts, *_record(table), *_expectations(table), *_columns(table)])


def _columns(table: Table) -> list[str]:
    rows = [
        (f"`{c.name}`", f"`{c.type.simpleString()}`", "yes" if c.nullable else "", c.meaning)
        for c in table.columns
    ]
    return ["## Columns", grid(("column", "type", "null?", "meaning"), rows)]


def _expectations(table: Table) -> list[str]:
    if not table.expect:
        return []
    rows = [(rule.says, rule.severity.name.lower(), consequence(table, rule)) for rule in table.expect]
    return ["## Expectations", "A null passes.", grid(("rule", "severity", "a row that breaks it"), rows)]


def _record(table: Table) -> list[str]:
    """For a bronze table: what its payload holds, by the landing contract."""
    source = next((s for s in SOURCES if bronze.TABLES[s.name] is table), None)
    if source is None:
        return []
    module = f"pipelines/landing/{source.name}.py"
    says = f"`payload` is one JSON object, as [`{module}`](../../{module}) promises it; a field that is not "
    header = ("field", "silver makes of it", "required", "meaning")
    return [
        "## The record",
        f"{says}listed is kept, and not read.",
        grid(header, list(_fields(source.fields))),
    ]


def _fields(fields: Sequence[Field], within: str = "") -> Iterator[tuple[str, str, str, str]]:
    for field in fields:
        kind = f"a token of the {field.contact}" if field.contact else f"`{field.type.simpleString()}`"
        kind = "a list of objects" if field.many else kind
        yield f"`{within}{field.name}`", kind, "yes" if field.required else "", field.meaning
        yield from _fields(field.many, f"{within}{field.name}[].")
