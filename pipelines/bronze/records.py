"""Bronze: one shape for every source, as received, never changed.

One row is one record of one landing file. The payload is kept as bytes, so nothing is lost to a parser;
contacts in it are tokens, and the vault alone can open them. A file that could not be read to its end is one
row with a fault and no payload.
"""

from __future__ import annotations

from pipelines.lakehouse.table import Append, Col, Table
from pipelines.lakehouse.types import BINARY, LONG, STRING, TIMESTAMP
from pipelines.landing.contract import Source
from pipelines.landing.sources import SOURCES

COLUMNS = (
    Col("source", STRING, "The stream or reference feed", nullable=False),
    Col("file", STRING, "The landing file, relative to the landing root", nullable=False),
    Col("position", LONG, "Number of the record in its file, from 1; 0: the file as a whole", nullable=False),
    Col("batch", LONG, "The ingest batch that brought it, from 1", nullable=False),
    Col("arrived_at", TIMESTAMP, "When the file arrived (UTC), from the drop's path", nullable=False),
    Col("fault", STRING, "Why the whole file was refused; null: it was read to its end"),
    Col("payload", BINARY, "The record as received, contacts as tokens; null: the file was refused"),
)


def record_table(source: Source) -> Table:
    """The bronze table of one source."""
    return Table(
        name=f"bronze.{source.name}",
        doc=f"One row per record of the `{source.name}` files, as received.\n\n{source.doc}",
        key=("file", "position"),
        columns=COLUMNS,
        write=Append(),
    )


TABLES: dict[str, Table] = {source.name: record_table(source) for source in SOURCES}
