"""SQL over the lake without Spark: DuckDB reads the Delta tables through deltalake, in a second.

Every table has its own name (`gold.customer_360`). Given a release, each table is read at the version that
the release names, so a query sees one consistent lake whatever a run is writing meanwhile. The vault is not
here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from pipelines.catalog import TABLES, grain
from pipelines.errors import DataError, SystemFault, UsageError
from pipelines.lakehouse import log
from pipelines.lakehouse.lake import path_of
from pipelines.lakehouse.table import Table
from pipelines.publish import releases


@dataclass(frozen=True)
class Listed:
    """One line of `tillpost tables`; rows, version and times are null for a table that was never written."""

    name: str
    grain: str
    rows: int | None
    version: int | None
    as_of: date | None
    written_at: datetime | None


def listing(root: str) -> list[Listed]:
    """Every table with its rows, version and freshness.

    Raises:
        SystemFault: there is no lake.
    """
    lines = [_listed(root, table) for table in TABLES]
    if not any(line.version is not None for line in lines):
        raise SystemFault(
            f"There is no lake at {root}",
            remedy="Run `make demo` or `tillpost run --as-of DAY`, or name it with --set lake.root=...",
        )
    return lines


def _listed(root: str, table: Table) -> Listed:
    path = path_of(root, table)
    head = log.head(path)
    if head is None:
        return Listed(table.name, grain(table), None, None, None, None)
    adds = pa.table(DeltaTable(path).get_add_actions(flatten=True))
    rows = pc.sum(adds["num_records"]).as_py() or 0
    newest = next(log.commits(path))
    written = datetime.fromtimestamp(newest.timestamp_ms / 1000, tz=UTC)
    return Listed(
        table.name, grain(table), rows, head.version, head.mark.as_of if head.mark else None, written
    )


def is_number(kind: pa.DataType) -> bool:
    """Whether values of an Arrow type are numbers, which people read aligned to the right."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def select(root: str, sql: str, release: str | None = None) -> pa.Table:
    """The answer to a query.

    Args:
        root: The lake.
        sql: One SELECT in DuckDB's dialect.
        release: The id of a release, or `latest`; null: every table at its newest version.

    Raises:
        SystemFault: there is no lake.
        UsageError: it is no single SELECT, or DuckDB refuses it.
        DataError: no such release.
    """
    versions = _versions_of(root, release) if release else None
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        _refuse_all_but_a_select(connection, sql)
        found = [_register(connection, root, table, versions) for table in TABLES if _mentioned(table, sql)]
        if found and not any(found):
            listing(root)
        try:
            return connection.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            raise _refused(error) from error


def _refuse_all_but_a_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """A COPY or an ATTACH could write over the files of the lake; a SELECT writes nothing."""
    try:
        kinds = [statement.type for statement in connection.extract_statements(sql)]
    except duckdb.Error as error:
        raise _refused(error) from error
    if kinds != [duckdb.StatementType.SELECT]:
        raise UsageError(
            "The query is refused: it is not one SELECT",
            remedy="Ask one question at a time; a PIVOT names its columns with IN. Nothing is written from here.",
        )


def _refused(error: duckdb.Error) -> UsageError:
    return UsageError(
        f"The query is refused: {error}",
        remedy="`tillpost tables` lists the tables; docs/tables/ lists their columns.",
    )


def _mentioned(table: Table, sql: str) -> bool:
    name = table.name.replace(".", r'"?\s*\.\s*"?')
    return table.layer != "vault" and re.search(rf"\b{name}\b", sql, re.IGNORECASE) is not None


def _register(
    connection: duckdb.DuckDBPyConnection, root: str, table: Table, versions: Mapping[str, int] | None
) -> bool:
    path, handle = path_of(root, table), table.name.replace(".", "__")
    there = log.head(path) is not None and (versions is None or table.name in versions)
    if there:
        version = None if versions is None else versions[table.name]
        connection.register(handle, DeltaTable(path, version=version).to_pyarrow_dataset())
    else:
        connection.register(handle, _empty(table))
    connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{table.layer}"')
    connection.execute(f'CREATE VIEW "{table.layer}"."{table.short}" AS SELECT * FROM {handle}')
    return there


def _empty(table: Table) -> pa.Table:
    from pyspark.sql.pandas.types import to_arrow_schema  # deferred: it brings pandas along

    return to_arrow_schema(table.schema, timezone="UTC").empty_table()


def _versions_of(root: str, release: str) -> dict[str, int]:
    wanted = releases.latest(path_of(root, releases.TABLE)) if release == "latest" else release
    quoted = wanted.replace("'", "''")
    rows = select(
        root, f"SELECT versions FROM {releases.TABLE.name} WHERE release_id = '{quoted}'"
    ).to_pylist()
    if not rows:
        raise DataError(
            f"There is no release {release!r} in this lake",
            remedy="`tillpost sql 'select * from audit.releases'` lists them.",
        )
    return dict(rows[0]["versions"])
