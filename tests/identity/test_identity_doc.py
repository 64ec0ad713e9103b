"""The worked example of docs/identity.md is true, and its table names every reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipelines.identity import Reason, load, resolution
from pipelines.identity.evidence import SCHEMA
from pipelines.identity.ids import person_id

PAGE = Path("docs/identity.md").read_text(encoding="utf-8")


def block(language: str) -> list[list[str]]:
    [only] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return [line.split() for line in only.splitlines()]


@pytest.mark.spark
def test_the_example_comes_out_as_it_says(spark: SparkSession) -> None:
    edges = [
        (*left.split(":"), *right.split(":"), datetime.fromisoformat(day).replace(tzinfo=UTC), source)
        for left, right, day, source in block("edges")
    ]
    found = resolution(spark.createDataFrame(edges, SCHEMA), load(Path("conf/identity.yaml")))
    persons = sorted(tuple(_told(row)) for row in found.identifiers.collect())
    assert persons == sorted(
        (node, person_id(founder), since, until) for node, founder, since, until in block("persons")
    )
    rejected = [
        [
            f"{row['left_type']}:{row['left_value']}",
            f"{row['right_type']}:{row['right_value']}",
            row["reason"],
        ]
        for row in found.rejected.collect()
    ]
    assert sorted(rejected) == sorted(block("rejected"))


def _told(row: Any) -> Iterator[str]:
    yield f"{row['identifier_type']}:{row['identifier_value']}"
    yield row["person_id"]
    yield f"{row['valid_from']:%Y-%m-%d}"
    yield f"{row['valid_to']:%Y-%m-%d}" if row["valid_to"] else "-"


def test_every_reason_stands_in_the_table() -> None:
    assert [reason.name for reason in Reason if f"`{reason.name}`" not in PAGE] == []
