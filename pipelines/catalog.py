"""Every table of the lake, whoever makes it: what `tillpost tables`, `sql` and the documentation list."""

from __future__ import annotations

from pipelines import ingest
from pipelines.bronze import files
from pipelines.bronze import records as bronze
from pipelines.flow import FLOW
from pipelines.lakehouse import audit, digests, erasures
from pipelines.lakehouse.refusal import quarantine_of
from pipelines.lakehouse.table import Facts, Table
from pipelines.publish import published_lists, releases

_MADE = tuple(step.table for step in FLOW)

TABLES: tuple[Table, ...] = (
    files.TABLE,
    *bronze.TABLES.values(),
    ingest.TOKENS,
    digests.DIGESTS,
    erasures.ERASURES,
    *(table for table in _MADE if table.layer == "silver"),
    *(quarantine_of(table) for table in _MADE if isinstance(table.write, Facts)),
    *(table for table in _MADE if table.layer == "gold"),
    audit.TABLE,
    releases.TABLE,
    published_lists.TABLE,
)


def grain(table: Table) -> str:
    """The first sentence of a table's documentation."""
    return " ".join(table.doc.split("\n\n")[0].split()).rstrip(".")
