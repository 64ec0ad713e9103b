"""The worked example of CONTRIBUTING.md is true: its module and its test run as they stand there."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipelines.catalog import grain
from pipelines.docs.table_page import table_page
from pipelines.flow import FLOW
from pipelines.lakehouse.table import Table

NAME = "pipelines.gold.store_days"
MODULE, TEST = re.findall(r"```python\n(.*?)```", Path("CONTRIBUTING.md").read_text("utf-8"), re.DOTALL)


def run(name: str, text: str) -> ModuleType:
    module = ModuleType(name)
    sys.modules[name] = module
    exec(compile(text, name, "exec"), module.__dict__)
    return module


@pytest.fixture
def example() -> Iterator[Any]:
    yield run(NAME, MODULE)
    del sys.modules[NAME]


def test_the_contract_keeps_the_laws(example: Any) -> None:
    table: Table = example.TABLE
    assert f"pipelines.{table.name}" == NAME
    assert table.name not in {step.table.name for step in FLOW}, "the example has come true: choose another"
    assert grain(table).startswith("One row per ")
    assert [dict(read.by or {}) for read in table.reads] == [{"purchased_on": "purchased_on"}]
    assert "its own `purchased_on`" in table_page(table)


@pytest.mark.spark
def test_its_test_passes(example: Any, spark: SparkSession) -> None:
    written = run("store_days_test", TEST)
    try:
        tests = [test for name, test in vars(written).items() if name.startswith("test_")]
        assert len(tests) == 1
        tests[0](spark)
    finally:
        del sys.modules[written.__name__]
