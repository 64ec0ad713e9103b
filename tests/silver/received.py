"""Records as bronze holds them, and what silver makes of them, row by row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from pipelines.bronze.records import COLUMNS
from pipelines.flow import step_of
from pipelines.lakehouse.refusal import REASONS, judge
from pipelines.settings import load

ARRIVED = datetime(2024, 3, 4, 0, 30, tzinfo=UTC)
AS_OF = date(2024, 3, 3)
SETTINGS = load()
SHAPE = ", ".join(f"{column.name} {column.type.simpleString()}" for column in COLUMNS)


def bronze(
    spark: SparkSession,
    source: str,
    *records: Mapping[str, Any] | bytes,
    arrived: datetime = ARRIVED,
    batch: int = 1,
) -> DataFrame:
    """Records of one file, as bronze has them."""
    payloads = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in records]
    rows = [
        (source, f"{source}/{batch}.jsonl", number, batch, arrived, None, bytearray(payload))
        for number, payload in enumerate(payloads, 1)
    ]
    return spark.createDataFrame(rows, SHAPE)


def settled(name: str, *inputs: DataFrame, as_of: date = AS_OF, **values: Any) -> DataFrame:
    """What a table's build gives, with the settings' values where none are given."""
    step = step_of(name)
    assert step is not None
    params = {path.rsplit(".", 1)[-1]: SETTINGS.value(path) for path in step.table.params}
    return step.build(*inputs, as_of=as_of, **(params | values))


def judged(name: str, *inputs: DataFrame, **values: Any) -> list[dict[str, Any]]:
    """The rows of a fact table's build, each with its reasons, in the order of their records."""
    step = step_of(name)
    assert step is not None
    rows = judge(settled(name, *inputs, **values), step.table).orderBy("position", "_item").collect()
    return [row.asDict(recursive=True) for row in rows]


def reasons(rows: list[dict[str, Any]]) -> list[list[str]]:
    """`CODE:column` of each reason against each row."""
    return [row[REASONS] for row in rows]
