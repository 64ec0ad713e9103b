"""Continuous mode decides in the middle of a date, and the date's run lets that stand: nobody twice, caps hold."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipelines.calc.triggers.definitions import Cap
from pipelines.gold.send_decisions import TABLE
from tests.gold.decision_case import CAPS, Case, Person, candidate, march, trigger

pytestmark = pytest.mark.spark

MAIL = trigger("mail", 50, holdout=0.2)
OTHER = trigger("other", 20, cap=Cap(messages=1, days=2))
PEOPLE = [f"p{n:02}" for n in range(12)]


def sends(case: Case) -> dict[str, Any]:
    """What goes out, or would have, by its key."""
    return {row["send_key"]: row for row in case.standing if row["outcome"] in ("sent", "held_out")}


def test_what_goes_out_live_is_what_the_days_runs_alone_would_send(spark: SparkSession) -> None:
    dice = random.Random(3)
    people = [Person(name, withdrawn=("email",) if name == "p03" else ()) for name in PEOPLE]
    by_day = [[candidate(day, name, MAIL) for name in PEOPLE if dice.random() < 0.8] for day in range(3)]
    every = [each for of_day in by_day for each in of_day]
    wide = {
        "overall": Cap(messages=9, days=3)
    }  # a mail that goes at once lies nearer to the one of the day before
    alone = Case(spark, [MAIL], people, every, caps=wide)
    live = Case(spark, [MAIL], people, [], caps=wide)
    for day, of_day in enumerate(by_day):
        alone.run(day)
        before = live.candidates
        for n, until in enumerate((3, 6)):
            live.candidates = [*before, *of_day[:until]]
            live.run(day, march(1 + day, 13, n))
        once = {row["send_key"]: row for row in live.standing}
        settled = {key: row for key, row in once.items() if row["decided_at"] is not None}
        live.run(day, march(1 + day, 14))
        assert {row["send_key"]: row for row in live.standing} == once, "a cycle again decides nothing again"
        live.candidates = [*before, *of_day]
        live.run(day)
        after = {row["send_key"]: row for row in live.standing}
        assert after == after | settled, "the day's run lets stand what was decided live"
        live.run(day)
        assert {row["send_key"]: row for row in live.standing} == after, "a rerun equals a run"
    assert sends(live).keys() == sends(alone).keys()
    assert {row["candidate_id"] for row in live.standing} == {each["candidate_id"] for each in every}
    assert len(live.standing) == len(every) == len(alone.standing), "each has one decision"
    at_once = [row for row in sends(live).values() if row["decided_at"] is not None]
    assert len(at_once) > 9, "control: much was decided live"
    for row in at_once:
        assert row["decided_at"] <= row["send_at"] < row["decided_at"] + timedelta(minutes=1), (
            "and goes at once"
        )
    assert set(TABLE.names) == set(live.standing[0])


def test_caps_hold_over_what_continuous_mode_and_the_days_runs_send(spark: SparkSession) -> None:
    dice = random.Random(5)
    case = Case(spark, [MAIL, OTHER], [Person(name) for name in PEOPLE], [])
    for day in range(4):
        mails = [
            candidate(day, name, MAIL, f"{name}-{n}")
            for name in PEOPLE
            for n in range(2)
            if dice.random() < 0.6
        ]
        for n, one in enumerate((mails[::2], mails[1::2])):
            case.candidates = [*case.candidates, *one]
            case.run(day, march(1 + day, 13, n))
        case.candidates = [
            *case.candidates,
            *(candidate(day, name, OTHER) for name in PEOPLE if dice.random() < 0.6),
        ]
        case.run(day)
    fullest = 0
    for person in PEOPLE:
        went = sorted(row["send_at"] for row in sends(case).values() if row["person_id"] == person)
        overall = CAPS["overall"]
        within = [sum(at <= other < at + timedelta(overall.days) for other in went) for at in went]
        fullest = max(fullest, *within, 0)
    assert fullest == CAPS["overall"].messages, "the cap binds, and holds"
    assert len({row["candidate_id"] for row in case.standing}) == len(case.standing) == len(case.candidates)
