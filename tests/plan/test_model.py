"""A cost that is a sum of known parts is found again, and a plan is arithmetic that one can do by hand."""

from __future__ import annotations

import doctest
import json
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType

import pytest

from pipelines.plan import measured as measured_module
from pipelines.plan import model, sizing
from pipelines.plan.limits import limits
from pipelines.plan.measured import Measured, OnSpark, Point, measured
from pipelines.plan.model import Fitted, errors, fitted
from pipelines.plan.sizing import CLUSTER, GB, Load, planned, stages_of

WORLDS = (
    (1000, 400, 50, 0),
    (4000, 1600, 200, 0),
    (500, 2000, 300, 0),
    (2000, 50, 400, 0),
    (10, 4, 50, 1400),
    (40, 9, 60, 9000),
    (300, 80, 700, 5000),
)


def cpu(point: Point) -> float:
    return point.cpu_seconds


def points(stage: str = "build") -> tuple[Point, ...]:
    """Costs are 3 + lines / 100 + events / 200 + standing / 1000 + people / 50 seconds, and a GB for each second."""
    made = []
    for lines, events, people, standing in WORLDS:
        cost = 3 + lines / 100 + events / 200 + standing / 1000 + people / 50
        made.append(Point(stage, lines, events, people, cost, cost, round(cost * GB), 1000 * lines, standing))
    return tuple(made)


def known(*stages: str) -> Measured:
    """Both cores half used; Spark twice Sail, and nothing is skewed."""
    spark = OnSpark(rows=100, cpu_seconds=20, sail_cpu_seconds=10, shuffle_bytes=100 * GB, jobs=1)
    return Measured({}, 2, tuple(p for stage in stages for p in points(stage)), spark, {})


def test_a_cost_that_is_a_sum_of_parts_is_found_again() -> None:
    found = fitted(points(), cpu)
    assert (found.fixed, found.line, found.event) == pytest.approx((3, 0.01, 0.005))
    assert (found.standing, found.person, found.exponent) == pytest.approx((0.001, 0.02, 1))
    assert errors(points(), cpu) == pytest.approx((0, 0), abs=1e-6)


def test_a_point_is_foretold_by_the_others_alone() -> None:
    """A point twice as dear as the others' law says is half foretold, and spoils the foretelling of the others."""
    *others, last = points()
    middle, most = errors((*others, replace(last, cpu_seconds=2 * last.cpu_seconds)), cpu)
    assert 0 < middle <= most
    assert most >= 0.5 - 1e-6


def test_what_bends_goes_on_bending_beyond_what_was_measured() -> None:
    squares = [Point("build", n, 0, 0, 0, n * n / 100, 0, 0) for n in (10, 100, 1000)]
    found = fitted(squares, cpu)
    assert found.exponent > 1.5
    straight = replace(found, exponent=1.0)
    far = Point("build", 10_000, 0, 0, 0, 0, 0, 0)
    bent = found.of(far) - found.fixed
    assert bent == pytest.approx((straight.of(far) - found.fixed) * 10 ** (found.exponent - 1))
    assert found.of(squares[0]) == straight.of(squares[0])


def test_runs_that_cost_little_more_than_any_run_tell_nothing_of_growth() -> None:
    noisy = [Point("build", n, 0, 0, 0, cost, 0, 0) for n, cost in ((10, 10.0), (100, 10.1), (1000, 13.0))]
    assert fitted(noisy, cpu).exponent == 1


def test_a_day_by_hand() -> None:
    """100 receipts are 940 lines; with 1000 events, 10 days and 200 people: 3 + 9.4 + 5 + 19.4 + 4 seconds."""
    plan = planned(Load(100, 1000, 10, 200), known("build"), hours=1, keep_days=14)
    assert (plan.cluster, plan.cores, plan.fits) == (False, 2, True)
    assert plan.stages[0].parts == pytest.approx(
        {"fixed": 3, "arriving": 14.4, "standing": 19.4, "people": 4}
    )
    assert plan.seconds["build"] == pytest.approx(3 + 37.8 / 2 / 0.5)
    assert plan.memory_gb == pytest.approx(40.8)
    assert plan.storage_gb * GB == pytest.approx(1000 * 9400 + 14 * 1000 * 940)
    assert plan.core_hours == pytest.approx(2 * plan.seconds["build"] / 3600)


def test_what_does_not_fit_one_machine_asks_for_a_cluster_on_which_all_costs_are_sparks() -> None:
    load, of = Load(100, 1000, 1000, 200), known("build")
    plan = planned(load, of, hours=1, keep_days=14)
    assert (plan.cluster, plan.cores) == (True, CLUSTER[0])
    assert plan.stages[0].cpu == pytest.approx(2 * stages_of(load, of)[0].cpu)
    assert plan.shuffled_gb == pytest.approx(1940 * 1001)


def test_a_driver_has_no_use_for_more_cores() -> None:
    load, of = Load(100_000, 1000, 10, 200), known("publish")
    alone = stages_of(load, of)[0]
    assert alone.seconds(64, of) == alone.seconds(2, of)
    plan = planned(load, of, hours=0.5, keep_days=14)
    assert not plan.fits
    found = limits(plan, stages_of(load, of), of, hours=0.5, keys=10**9, pairs=10**12)
    assert found[0].times == max(limit.times for limit in found) > 1
    assert [limit.name for limit in found if limit.stops and limit.times > 1] == [
        "0.5 hours of the driver, `publish`"
    ]


def test_a_trap_stretches_the_work_and_not_the_fixed_part() -> None:
    even = known("build")
    skewed = replace(even, skew={"one store": 1.5, "tiny files": 0.9})
    stage = stages_of(Load(100, 1000, 10, 200), even)[0]
    assert stage.seconds(2, skewed) - 3 == pytest.approx(1.5 * (stage.seconds(2, even) - 3))


@pytest.mark.parametrize("grown", ["receipts", "events", "days", "people"])
def test_more_of_anything_never_costs_less(grown: str) -> None:
    less = Load(1000, 20_000, 100, 50_000)
    more = replace(less, **{grown: 2 * getattr(less, grown)})
    costs = [sum(stage.cpu for stage in stages_of(load, measured())) for load in (less, more)]
    assert costs[0] <= costs[1]


def test_the_file_says_where_it_was_measured_and_has_every_stage(tmp_path: Path) -> None:
    found = measured()
    assert found.stages == ("ingest", "refine", "build", "train", "score", "publish")
    assert {"processor", "memory", "date", "code"} <= found.machine.keys()
    assert {(p.stage, p.standing_lines > 0) for p in found.points} == {
        (s, on) for s in found.stages for on in (True, False)
    }
    again = tmp_path / "measured.json"
    whole = {"points": [asdict(p) for p in found.points], "spark": found.spark and asdict(found.spark)}
    again.write_text(json.dumps({**asdict(found), **whole}), encoding="utf-8")
    assert measured(again) == found


@pytest.mark.parametrize("module", [measured_module, model, sizing], ids=lambda module: module.__name__)
def test_the_examples_hold(module: ModuleType) -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted
    assert not outcome.failed


def test_a_model_without_its_largest_run_is_straight() -> None:
    assert Fitted(1, 1, 0, 0, 0).of(Point("build", 5, 0, 0, 0, 0, 0, 0)) == 6
