"""What stands beside tillpost in the figures builds the same rows, and the page shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.live_interests import CHAINS, held
from benchmarks.page import page
from benchmarks.peers import customers_duckdb
from pipelines.settings import Settings
from tests.days import DAYS


@pytest.mark.spark
def test_duckdb_comes_to_the_same_scores_and_interests(
    settled_shop: Callable[[], Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    customers_duckdb.main(settled_shop().lake.root, str(DAYS[-1]))
    said = dict(line.rsplit(" ", 1) for line in capsys.readouterr().out.splitlines())
    assert (said["different gold.customer_360_rfm"], said["different gold.interest_profiles"]) == ("0", "0")
    customers_duckdb.main(settled_shop().lake.root, str(DAYS[0]))
    said = dict(line.rsplit(" ", 1) for line in capsys.readouterr().out.splitlines())
    assert int(said["different gold.interest_profiles"]) > 0, (
        "control: the lake's are not those of the first day"
    )


@pytest.mark.spark
def test_each_table_holds_the_batches_of_bronze_through_what_it_reads(
    settled_shop: Callable[[], Settings],
) -> None:
    """Page views arrive in three batches, one for each day."""
    for name, chain in CHAINS.items():
        found = held(settled_shop().lake.root, chain)
        assert [batch for batch, _ in found][-3:] == [1, 2, 3], name
        assert [instant for _, instant in found] == sorted(instant for _, instant in found), name


def test_a_day_that_costs_more_than_half_of_the_rebuild_is_missed() -> None:
    cost: dict[str, Any] = {"seconds": 50.0, "cpu_seconds": 80.0, "peak_bytes": 2**30}
    result = {
        "rebuild": cost,
        "day": {**cost, "seconds": 26.0},
        "tables": {name: {"gold.touchpoints": 2.0} for name in ("rebuild", "day")},
        "peer": {"parts": {"gold.customer_360_rfm": 0.2}},
        "different": {"gold.customer_360_rfm": 0},
        "machine": {},
        "command": "python -m benchmarks --only customers",
    }
    text = page({"customers": result})
    assert "| the next day, as a share of it | 0.52 | at most 0.5 | **missed** |" in text
    assert text.count("**missed**") == 1


def test_the_next_day_is_judged_by_the_largest_number_of_lines() -> None:
    cost: dict[str, Any] = {"seconds": 50.0, "cpu_seconds": 80.0, "peak_bytes": 2**30}
    result = {
        "runs": {1_000: cost, 10_000: {**cost, "seconds": 400.0}},
        "following": {1_000: cost, 10_000: {**cost, "seconds": 100.0}},
        "people": {1_000: 10, 10_000: 100},
        "exponent": 0.9,
        "machine": {},
        "command": "python -m benchmarks --only customers_growth",
    }
    text = page({"customers_growth": result})
    assert "| that day, as a share of all anew | 0.25 | at most 0.5 | met |" in text
    assert "| seconds for the next day, of the largest | 100 | at most 60 | **missed** |" in text
    assert text.count("**missed**") == 1
