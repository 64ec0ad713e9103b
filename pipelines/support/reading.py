"""One reading of the lake for one question of support: DuckDB over the Delta tables that its SELECTs name.

As `query.select`, but each table is opened once for all SELECTs, and none of the modules that make tables is loaded:
an answer within two seconds leaves no time for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
from deltalake import DeltaTable

from pipelines.errors import SystemFault
from pipelines.lakehouse import log

Rows = list[dict[str, Any]]

_NAMED = re.compile(r"\b(silver|gold|vault)\.(\w+)")


class Reading:
    """An open reading; see `reading`."""

    def __init__(self, root: str, connection: duckdb.DuckDBPyConnection) -> None:
        self._root = root.rstrip("/")
        self._connection = connection
        self._opened: set[str] = set()

    def has(self, table: str) -> bool:
        """Whether the lake has a table, by `<layer>.<name>`."""
        return log.head(self._path(table)) is not None

    def rows(self, sql: str, values: dict[str, object] | None = None) -> Rows:
        """The rows of a SELECT, whose `$name` are these values; none where the lake lacks a table that it names.

        A source that never came has no table.
        """
        named = [f"{layer}.{name}" for layer, name in _NAMED.findall(sql)]
        if not all(map(self._open, named)):
            return []
        found: Rows = self._connection.sql(sql, params=values).to_arrow_table().to_pylist()
        return found

    def _open(self, table: str) -> bool:
        """Whether the table is there; from then on SELECTs may name it."""
        if table not in self._opened and self.has(table):
            layer, name = table.split(".")
            self._connection.register(f"{layer}__{name}", DeltaTable(self._path(table)).to_pyarrow_dataset())
            self._connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{layer}"')
            self._connection.execute(f'CREATE VIEW "{layer}"."{name}" AS SELECT * FROM {layer}__{name}')
            self._opened.add(table)
        return table in self._opened

    def _path(self, table: str) -> str:
        return f"{self._root}/{table.replace('.', '/')}"


@contextmanager
def reading(root: str) -> Iterator[Reading]:
    """Read the lake at `root`, at its newest versions.

    Raises:
        SystemFault: nobody is known there.
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        lake = Reading(root, connection)
        if not lake.has("silver.person_identifiers"):
            raise SystemFault(
                f"Nobody is known in the lake at {root}",
                remedy="Run `tillpost run --as-of DAY`, or name the lake with --set lake.root=...",
            )
        yield lake
