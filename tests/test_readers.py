"""Analysts read gold without Spark: DuckDB, pandas and polars give each table's rows, to the last value."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from pipelines import query
from pipelines.flow import FLOW
from pipelines.lakehouse import log
from pipelines.lakehouse.lake import path_of
from pipelines.lakehouse.table import Table
from pipelines.settings import Settings

pytestmark = pytest.mark.spark

GOLD = [pytest.param(step.table, id=step.table.name) for step in FLOW if step.table.layer == "gold"]


def rows_of(found: pa.Table, schema: pa.Schema) -> list[str]:
    """The rows as text, in an order of their own, in the types that the table's own log says."""
    plain = pa.schema(field.with_nullable(True).remove_metadata() for field in schema)
    return sorted(map(str, found.select(plain.names).cast(plain).to_pylist()))


@pytest.mark.parametrize("table", GOLD)
def test_every_reader_sees_the_same_rows(settled_shop: Callable[[], Settings], table: Table) -> None:
    import polars

    root = settled_shop().lake.root
    path = path_of(root, table)
    if log.head(path) is None:  # nothing that it is made of ever arrived in the golden shop
        assert query.select(root, f"FROM {table.name}").num_rows == 0
        return
    written = DeltaTable(path)
    schema = pa.schema(written.schema().to_arrow())
    expected = rows_of(written.to_pyarrow_table(), schema)
    assert schema.names == list(table.names)
    assert rows_of(query.select(root, f"FROM {table.name}"), schema) == expected, "DuckDB"
    assert rows_of(polars.read_delta(path).to_arrow(), schema) == expected, "polars"
    in_pandas = pa.Table.from_pandas(written.to_pandas(), schema=schema, preserve_index=False, safe=False)
    assert rows_of(in_pandas, schema) == expected, "pandas"
