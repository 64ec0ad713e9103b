"""The index of the tables, with the picture of who reads whom."""

from __future__ import annotations

from pipelines.bronze import records as bronze
from pipelines.catalog import TABLES, grain
from pipelines.docs.markdown import grid, joined, link, ticked
from pipelines.docs.table_page import WRITTEN
from pipelines.docs.words import policy
from pipelines.flow import FLOW, STAGES
from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.table import Table

LAYERS = {
    "bronze": "records as received",
    "vault": "personal data, sealed",
    "silver": "typed facts and references",
    "quarantine": "what silver refused, with every reason",
    "gold": "what marketing works from",
    "audit": "what was done",
}
_INTRO = """One page a table, written from its contract. `tillpost tables` lists them with rows, version and
freshness; `tillpost sql` asks them. **Scope** is the column whose values are rebuilt together: a run rebuilds
those that the changes of its inputs touch ([ADR 0002](../adr/0002-incremental-by-scope.md))."""
_LINEAGE = """An arrow goes from what is read to what is made. Bronze is read from the landing files of its
name, and each table of facts in silver has its quarantine beside it."""


def index_page() -> str:
    """The text of the page."""
    parts = [WRITTEN, "# The tables", _INTRO]
    for layer, title in LAYERS.items():
        rows = [
            (link(table), f"{grain(table)}.", ticked(table.scope), policy(table)[0])
            for table in TABLES
            if table.layer == layer
        ]
        parts += [f"## {layer}: {title}", grid(("table", "grain", "scope", "write"), rows)]
    parts += ["## Lineage", _LINEAGE, f"```mermaid\n{lineage()}\n```"]
    codes = [(f"`{reason.name}`", reason.value) for reason in Reason]
    parts += [
        "## Why a row is refused",
        "Every reason that holds stands in the quarantined row, with the column.",
    ]
    return joined([*parts, grid(("code", "what it says"), codes)])


def lineage() -> str:
    """The flow as a mermaid chart, a box for each stage."""
    lines = ["flowchart LR"]
    for stage in STAGES:
        tables = [step.table for step in FLOW if step.stage == stage]
        tables = list(bronze.TABLES.values()) if stage == "ingest" else tables
        if tables:
            boxes = (f"    {_node(table)}[{table.name}]" for table in tables)
            lines += [f"  subgraph {stage}", *boxes, "  end"]
    models = sorted({model for step in FLOW for model in step.table.models})
    lines += [f"  {model}([champion of {model}])" for model in models]
    for step in FLOW:
        lines += [f"  {_node(read.table)} --> {_node(step.table)}" for read in step.table.reads]
        lines += [f"  {model} -.-> {_node(step.table)}" for model in step.table.models]
    return "\n".join(lines)


def _node(table: Table) -> str:
    return table.name.replace(".", "_")
