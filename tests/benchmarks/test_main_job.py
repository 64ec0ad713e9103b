"""The script beside tillpost makes the same rows, and the page shows both, whole and like for like."""

from __future__ import annotations

import doctest
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

from benchmarks import main_job
from benchmarks.main_compared import closure, compared
from benchmarks.page import page
from benchmarks.peers import main_duckdb, main_models
from benchmarks.processes import measured
from benchmarks.scale import Limits
from pipelines.settings import Settings
from tests.days import DAYS


@pytest.mark.parametrize("module", [main_job, main_models], ids=lambda module: module.__name__)
def test_the_examples_in_docstrings_hold(module: ModuleType) -> None:
    outcome = doctest.testmod(module, extraglobs={"np": np, "csr_matrix": csr_matrix})
    assert outcome.attempted
    assert not outcome.failed


def test_ids_are_placed_in_their_order() -> None:
    known, places = main_models.coded(pa.chunked_array([["b", "a", "b"]]))
    assert (known.to_pylist(), places.tolist()) == (["a", "b"], [1, 0, 1])
    assert main_models.coded(pa.chunked_array([["c", "a"]]), known)[1].tolist() == [-1, 0]


def test_a_basket_is_answered_with_what_its_goods_name_and_it_lacks() -> None:
    """Good 0 names 1 and 2, good 1 names 0 and 2; together they name 2 with 5, alone the first names 1 before 2."""
    scores = csr_matrix(np.array([[0, 3, 2], [4, 0, 3], [0, 0, 0]], dtype=float))
    held = csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [0, 0, 1]]))
    best, score = main_models.best_of(scores, held, 2)
    assert best.tolist() == [[2, -1], [1, 2], [-1, -1]]
    assert score.tolist() == [[5, 0], [3, 2], [0, 0]]


def test_what_both_do_reads_only_what_it_makes() -> None:
    names = {step.table.name for step in closure(main_job.SHARED)}
    assert {*main_job.SHARED, "silver.receipt_lines", "gold.customer_totals"} <= names
    assert not names & {"gold.interest_profiles", "gold.send_list", "gold.journeys"}


@pytest.mark.spark
def test_the_script_comes_to_the_same_tables(settled_shop: Callable[[], Settings], tmp_path: Path) -> None:
    """On the golden shop with all its faults: torn, late and negative lines, and receipts that came twice."""
    shop = settled_shop()
    values = main_job.values_of(shop) | {"memory": "1GB"}
    job = main_duckdb.Job(Path(shop.landing.root), DAYS[-1], tmp_path, values)
    for name in ("receipts", "lines", "products", "product_days", "customers", "kpi_daily"):
        job.steps()[name]()
    job.related()
    job.engine.execute("CREATE TABLE als AS SELECT * FROM related")
    job.steps()["send_list"]()
    job.engine.close()
    found = compared(Path(shop.lake.root), tmp_path, DAYS[-1])["tables"]
    assert {name: told["different"] for name, told in found.items()} == dict.fromkeys(found, 0)
    assert found["product_days"]["rows"]
    earlier = compared(Path(shop.lake.root), tmp_path, DAYS[0])["tables"]
    assert earlier["customers"]["different"], "control: people are not as the first day saw them"


COST: dict[str, Any] = {
    "seconds": 30.0,
    "cpu_seconds": 40.0,
    "peak_bytes": 2 << 30,
    "ended": "",
    "tables": {"gold.kpi_daily": 1.5},
    "stages": {"build": 9.0},
    "steps": {"related": 4.25},
}
ROW: dict[str, Any] = {
    "whole": {**COST, "seconds": 90.0},
    "like": COST,
    "peer": {**COST, "seconds": 8.0},
    "same": {
        "tables": {"kpi_daily": {"rows": 364, "different": 2}},
        "overlap": 0.56,
        "ndcg": {"tillpost": 0.0486, "peer": 0.0468},
    },
    "runs": 3,
}
LARGE: dict[str, Any] = {"like": COST, "peer": {**COST, "ended": "memory"}, "same": {}, "runs": 1}


def shown(rows: dict[str, Any]) -> str:
    result = {"rows": rows, "memory": 16 << 30, "packages": ("duckdb==2.0.0",), "command": "x", "machine": {}}
    return page({"main_job": result})


def test_the_goal_is_for_what_both_do_and_the_whole_is_shown_beside() -> None:
    text = shown({"1469307": ROW})
    assert (
        "| times the script's seconds for what both do, 1,469,307 lines | 3.75 | at most 3 | **missed** |"
        in text
    )
    assert "| 1,469,307 | `tillpost run --train` | 90 s | 11.2 | 40 s | 2.0 GB | 3 |" in text
    assert "| 1,469,307 | `kpi_daily` | 364 | 2 |" in text
    assert "| 1,469,307 | 0.0486 | 0.0468 | 56% |" in text
    assert "| `related` | 4.2 |" in text


def test_going_on_where_the_script_is_out_of_memory_meets_the_goal_and_the_other_way_round_does_not() -> None:
    text = shown({"1469307": ROW, "50000000": LARGE})
    assert "50,000,000 lines | the script: **out of memory** after 30 s | at most 1 | met |" in text
    text = shown({"50000000": {**LARGE, "like": {**COST, "ended": "time"}}})
    assert (
        "50,000,000 lines | tillpost: **not done in an hour** after 30 s | at most 1 | **missed** |" in text
    )


def test_a_process_is_ended_at_its_limits() -> None:
    def ended(code: str, limits: Limits) -> str:
        return measured([sys.executable, "-c", code], limits).ended

    assert (
        ended("import time; held = b'x' * (200 << 20); time.sleep(60)", Limits(100 << 20, None)) == "memory"
    )
    assert ended("import time; time.sleep(60)", Limits(None, 1.0)) == "time"
    assert ended("raise SystemExit(3)", Limits()) == "exit code 3"
    assert ended("pass", Limits(1 << 30, 60.0)) == ""
