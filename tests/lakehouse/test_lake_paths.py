"""Where tables lie."""

from __future__ import annotations

from pathlib import Path

from pipelines.lakehouse.audit import TABLE
from pipelines.lakehouse.lake import path_of


def test_a_relative_root_is_meant_from_where_one_stands() -> None:
    assert path_of("data/lake", TABLE) == str(Path.cwd() / "data" / "lake" / "audit" / "runs")


def test_an_address_is_taken_as_it_is() -> None:
    assert path_of("s3://shop/lake/", TABLE) == "s3://shop/lake/audit/runs"
