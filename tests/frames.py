"""Frames compared exactly: columns, types, nullability and every value; money has no tolerance."""

from __future__ import annotations

from chispa import assert_df_equality
from pyspark.sql import DataFrame
from pyspark.sql.types import StructField, StructType

from pipelines.lakehouse.table import Table


def assert_same(found: DataFrame, expected: DataFrame) -> None:
    """Equal in whatever order the rows come. Comments of columns are not looked at."""
    assert_df_equality(found, expected, ignore_row_order=True, ignore_nullable=False, ignore_metadata=True)


def as_read(table: Table) -> StructType:
    """The schema that rows of the table have once they are read from a file: nothing is promised of nulls."""
    return StructType([StructField(column.name, column.type) for column in table.columns])
