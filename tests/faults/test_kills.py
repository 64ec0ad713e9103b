"""A run that is killed after any of its commits, and run again, ends where an undisturbed run ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.lakehouse.lake import Lake
from pipelines.settings import Settings
from tests.days import DAYS, left_by, run_day

pytestmark = pytest.mark.spark


class Killed(BaseException):
    """As when the process dies: nobody catches it to tidy up."""


@pytest.fixture
def killed_after_each_commit(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Every commit of the lake is the last thing that its attempt does; gives how many were made."""
    made = 0
    commit: Callable[..., int] = Lake.commit

    def dying(self: Lake, table: Any, rows: DataFrame, *args: Any, **kwargs: Any) -> int:
        nonlocal made
        commit(self, table, rows, *args, **kwargs)
        made += 1
        raise Killed(table.name)

    monkeypatch.setattr(Lake, "commit", dying)
    return lambda: made


@pytest.mark.timeout(900)
def test_killed_in_every_gap_between_two_commits(
    spark: SparkSession,
    shop: Settings,
    settled_shop: Callable[[], Settings],
    killed_after_each_commit: Callable[[], int],
) -> None:
    for day in DAYS[-1:]:
        for _ in range(100):
            try:
                run_day(spark, shop, day)
                break
            except Killed:
                continue
    assert killed_after_each_commit() > 20
    whole = left_by(settled_shop(), DAYS[-1], without=("batch",))
    torn = left_by(shop, DAYS[-1], without=("batch",))
    for name in whole:
        assert torn[name] == whole[name], name
