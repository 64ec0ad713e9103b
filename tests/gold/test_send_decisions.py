"""What becomes of candidates: each gate on a case that one can follow, and the laws over many days."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.calc.triggers.definitions import Cap
from pipelines.gold.send_decisions import TABLE
from pipelines.gold.send_gates import GATES
from tests.gold.decision_case import CAPS, FIRST, Case, Person, after, candidate, march, trigger

pytestmark = pytest.mark.spark

MAIL = trigger("mail", 50)
ANY = trigger("any", 40, channels=("sms", "push", "email"))
RARE = trigger("rare", 30, cap=Cap(messages=1, days=3))
HALF = trigger("half", 60, holdout=0.5)
FUSSY = trigger("fussy", 20, ends_with_purchase=True, least_blocks=1)


def by_person(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["candidate_id"].split("/")[-1]: row for row in rows}


@pytest.fixture(scope="module")
def gates(spark: SparkSession) -> dict[str, dict[str, Any]]:
    """One candidate each, of people who differ in one thing."""
    people = [
        Person("ann"),
        Person("no_consent", email=False),
        Person("on_the_list", email=False, mailed=True),
        Person("withdrew", withdrawn=("email",)),
        Person("bounced", bounced=True),
        Person("cross", rated=(1, FIRST - timedelta(3))),
        Person("forgave", rated=(1, FIRST - timedelta(14))),
        Person("nowhere", store=None),
        Person("far", store="S9"),
        Person("west", store="LA"),
        Person("sold_out"),
        Person("bought", bought_on=FIRST),
        Person("late"),
        Person("answers_push", push=True, phone=True, opens=("push",)),
        Person("thrifty", push=True, phone=True),
        Person("by_phone", email=False, phone=True),
    ]
    plain = [candidate(0, p.name, MAIL) for p in people if p.name not in ("sold_out", "bought", "late")]
    own = {"answers_push": ANY, "thrifty": ANY, "by_phone": ANY}
    case = Case(
        spark,
        [MAIL, ANY, RARE, HALF, FUSSY],
        people,
        [
            *(each for each in plain if each["person_id"] not in own),
            *(candidate(0, name, of) for name, of in own.items()),
            candidate(0, None, MAIL, "stranger"),
            candidate(0, "nowhere", MAIL, "nowhere", store_id=None),
            candidate(0, "sold_out", MAIL, items=[], sold_out=4),
            candidate(0, "bought", FUSSY),
            candidate(0, "late", MAIL, expires_at=march(2, 8, 59)),
        ],
        stores=[("S1", None), ("LA", "America/Los_Angeles")],
        costs=[(FIRST, "sms", Decimal("1.00"), 1000), (FIRST, "push", Decimal("5.00"), 1000)],
    )
    case.candidates = [
        each for each in case.candidates if not (each["person_id"] == "nowhere" and each["store_id"] == "S1")
    ]
    return by_person(case.run(0))


@pytest.mark.parametrize(
    ("who", "outcome", "gate", "because"),
    [
        ("ann", "sent", None, None),
        ("stranger", "refused", "identified", "person nothing"),
        ("no_consent", "refused", "consent", "agreed to nothing"),
        ("on_the_list", "sent", None, None),
        ("withdrew", "refused", "consent", "agreed to nothing"),
        ("bounced", "refused", "reachable", "can be reached on nothing"),
        ("cross", "refused", "suppression", "last rating 1"),
        ("forgave", "sent", None, None),
        ("nowhere", "refused", "time_zone", "clock of nothing"),
        ("far", "refused", "time_zone", "clock of nothing"),
        ("sold_out", "refused", "stock", "4 goods are not in the shop"),
        ("bought", "refused", "superseded", "bought on 2024-03-01"),
        ("late", "expired", "expired", "goes 2024-03-02 09:00:00 until 2024-03-02 08:59:00"),
    ],
)
def test_each_gate_refuses_whom_it_should_and_says_why(
    gates: dict[str, dict[str, Any]], who: str, outcome: str, gate: str | None, because: str | None
) -> None:
    row = gates[who]
    assert (row["outcome"], row["refused_by"]) == (outcome, gate)
    assert [each["gate"] for each in row["gates"]] == list(GATES)
    assert because in (None, next((g["because"] for g in row["gates"] if g["gate"] == gate), None))


def test_a_message_goes_when_the_person_s_own_clock_is_awake(gates: dict[str, dict[str, Any]]) -> None:
    """The books close at 6:00 UTC: in London it is too early, in Los Angeles 22:00 and too late."""
    assert gates["ann"]["send_at"] == march(2, 9)
    assert gates["west"]["send_at"] == march(2, 17)
    assert gates["nowhere"]["send_at"] is None


def test_the_channel_is_the_one_that_was_answered_or_else_the_cheapest(
    gates: dict[str, dict[str, Any]],
) -> None:
    """By the bills a push costs 0.005, an SMS 0.001; a mail has no bill, and the settings say 0.001."""
    assert (gates["answers_push"]["channel"], gates["answers_push"]["cost"]) == ("push", Decimal("0.005000"))
    assert (gates["thrifty"]["channel"], gates["thrifty"]["cost"]) == ("sms", Decimal("0.001000"))
    assert gates["by_phone"]["channel"] == "sms"
    assert gates["no_consent"]["channel"] is None


def test_of_one_person_s_messages_one_goes_and_the_others_wait_until_they_expire(spark: SparkSession) -> None:
    first, second = candidate(0, "ann", RARE), candidate(0, "ann", MAIL)
    case = Case(spark, [MAIL, RARE], [Person("ann")], [first, second, candidate(1, "ann", RARE)])
    days = [
        {row["trigger"]: row["outcome"] for row in case.run(day) if row["raised_on"] == FIRST}
        for day in (0, 1)
    ]
    assert days == [{"rare": "sent", "mail": "waiting"}, {"mail": "sent"}]
    assert [
        (row["trigger"], row["outcome"], row["refused_by"])
        for row in case.standing
        if row["raised_on"] > FIRST
    ] == [("rare", "waiting", "caps")]
    ends = {day: {row["outcome"] for row in case.run(day)} for day in (2, 3)}
    assert ends == {2: {"waiting"}, 3: {"sent"}}, "three days after the first, to the minute"


def test_a_newer_candidate_of_the_trigger_replaces_one_that_waits(spark: SparkSession) -> None:
    case = Case(
        spark,
        [MAIL, RARE],
        [Person("ann")],
        [candidate(0, "ann", RARE), candidate(0, "ann", MAIL), candidate(1, "ann", MAIL)],
    )
    case.run(0)
    rows = {row["raised_on"]: row for row in case.run(1)}
    assert rows[FIRST]["refused_by"] == "superseded"
    assert rows[FIRST + timedelta(1)]["outcome"] == "sent"


def test_a_chain_goes_on_until_somebody_opens_or_buys(spark: SparkSession) -> None:
    push = after("reminder", 51, "mail", 2, "push")
    people = [Person(name, push=True) for name in ("silent", "reader")]
    people.append(Person("buyer", push=True, bought_on=FIRST + timedelta(2)))
    chain = push.model_copy(update={"ends_with_purchase": True})
    case = Case(spark, [MAIL, chain], people, [candidate(0, p.name, MAIL) for p in people])
    sent = by_person(case.run(0))
    case.engagement = [(FIRST + timedelta(1), "opened", sent["reader"]["send_key"])]
    assert case.run(1) == []
    rows = {row["person_id"]: row for row in case.run(2)}
    assert {name: (row["outcome"], row["refused_by"]) for name, row in rows.items()} == {
        "silent": ("sent", None),
        "buyer": ("refused", "superseded"),
    }
    silent = rows["silent"]
    assert (silent["trigger"], silent["channel"]) == ("reminder", "push")
    assert silent["items"] == sent["silent"]["items"]


def test_a_holdout_is_by_the_person_s_id_keeps_its_time_and_tells_a_mixed_past(spark: SparkSession) -> None:
    """The share lies within four standard deviations of a half; merging people leaves the survivor's arm."""
    people = [Person(f"p{n}", former=(f"q{n}",)) for n in range(400)]
    case = Case(spark, [HALF], people, [candidate(0, p.name, HALF) for p in people])
    rows = by_person(case.run(0))
    held = {name for name, row in rows.items() if row["outcome"] == "held_out"}
    assert abs(len(held) - 200) < 4 * 10
    assert {row["outcome"] for row in rows.values()} == {"sent", "held_out"}
    assert {row["send_at"] for row in rows.values()} == {march(2, 9)}
    alone = Case(
        spark,
        [HALF],
        [Person(f"q{n}") for n in range(400)],
        [candidate(0, f"q{n}", HALF) for n in range(400)],
    )
    before = {name.replace("q", "p") for name, row in by_person(alone.run(0)).items() if row["is_held_out"]}
    mixed = {name for name, row in rows.items() if row["is_contaminated"]}
    assert mixed == held ^ before


def test_a_past_message_counts_for_who_the_person_became(spark: SparkSession) -> None:
    case = Case(spark, [RARE], [Person("bob")], [candidate(0, "bob", RARE), candidate(1, "ann", RARE)])
    assert [row["outcome"] for row in case.run(0)] == ["sent"]
    case.people = [Person("ann", former=("bob",))]
    assert [(row["outcome"], row["refused_by"]) for row in case.run(1)] == [("waiting", "caps")]


def test_a_brand_asks_what_it_was_told_itself_and_counts_its_own_messages(spark: SparkSession) -> None:
    """Ann left Shoes but not Toys; Ben left whoever it was, and has only a browser's permission; one mail a brand."""
    ids = {"toys": 30, "shoes": 40, None: 50}
    of = {
        brand: trigger(brand or "group", place, brand=brand, channels=("email", "push"))
        for brand, place in ids.items()
    }
    ann = Person("ann", email=False, told=(("toys", "email", True), ("shoes", "email", False)))
    ben = Person("ben", email=False, push=True, told=(("-", "push", False),))
    cleo = Person("cleo", email=False, push=True, told=(("shoes", "push", False),))
    dora = Person("dora", told=(("toys", "email", True), ("shoes", "email", True)))
    case = Case(
        spark,
        list(of.values()),
        [ann, ben, cleo, dora],
        [
            *(candidate(0, who, each) for who in ("ann", "ben", "cleo") for each in of.values()),
            candidate(0, "dora", of["toys"]),
            *(candidate(1, "dora", each) for each in of.values()),
        ],
        caps={"overall": Cap(messages=1, days=3)},
    )
    found = {
        (row["person_id"], row["brand"]): next(g["because"] for g in row["gates"] if g["gate"] == "consent")
        for row in case.run(0)
    }
    assert found.pop(("dora", "toys")) == "agreed to email, of toys"
    assert found == {
        ("ann", "toys"): "agreed to email, of toys",
        ("ann", "shoes"): "agreed to nothing, of shoes",
        ("ann", None): "agreed to email",
        ("ben", "toys"): "agreed to nothing, of toys",
        ("ben", "shoes"): "agreed to nothing, of shoes",
        ("ben", None): "agreed to nothing",
        ("cleo", "toys"): "agreed to push, of toys",
        ("cleo", "shoes"): "agreed to nothing, of shoes",
        ("cleo", None): "agreed to nothing",
    }
    next_day = {row["trigger"]: row["refused_by"] for row in case.run(1) if row["person_id"] == "dora"}
    assert next_day == {"toys": "caps", "shoes": None, "group": "caps"}


PEOPLE = [f"p{n:02}" for n in range(25)]
SEVERAL = [
    MAIL,
    RARE,
    trigger("dear", 10, channels=("sms", "email"), holdout=0.3),
    trigger("late", 45, expires_hours=30),
]


def busy(spark: SparkSession, seed: int) -> Case:
    dice = random.Random(seed)
    people = [
        Person(
            name,
            email=dice.random() < 0.9,
            phone=dice.random() < 0.5,
            withdrawn=("email",) if dice.random() < 0.1 else (),
            store=dice.choice(("S1", "NY", None)),
        )
        for name in PEOPLE
    ]
    candidates = [
        candidate(day, name, of, f"{name}-{n}")
        for day in range(5)
        for name in PEOPLE
        for of in SEVERAL
        for n in range(2)
        if dice.random() < 0.4
    ]
    return Case(spark, SEVERAL, people, candidates, stores=[("S1", None), ("NY", "America/New_York")])


def test_laws_over_days_that_are_run_again_and_out_of_order(spark: SparkSession) -> None:
    """Day 2 is run twice, and at the end every day from the second again: the same decisions, and no cap exceeded."""
    case = busy(spark, 7)
    for day in (0, 1, 2):
        case.run(day)
    once = {row["candidate_id"]: row for row in case.standing}
    case.spread = lambda frame: frame.repartition(3, F.rand(1))
    case.run(2)
    assert {row["candidate_id"]: row for row in case.standing} == once, "a rerun equals a run"
    for day in (3, 4):
        case.run(day)
    every = {row["candidate_id"]: row for row in case.standing}
    for day in (1, 2, 3, 4):
        case.run(day)
    assert {row["candidate_id"]: row for row in case.standing} == every, "days again, out of their order"
    rows = case.standing
    raised = {each["candidate_id"] for each in case.candidates}
    assert Counter(row["candidate_id"] for row in rows) == Counter(raised), "each has exactly one outcome"
    assert len({row["send_key"] for row in rows}) == len(rows)
    assert {row["outcome"] for row in rows} == {"sent", "held_out", "refused", "expired", "waiting"}
    assert _within_caps(rows)
    for row in rows:
        person = next(p for p in case.people if p.name == row["person_id"])
        if row["outcome"] in ("sent", "held_out"):
            allowed = {"email": person.email and not person.withdrawn, "sms": person.phone}
            assert allowed[row["channel"]]
            assert person.store is not None or row["time_zone"] is not None
            assert row["send_at"] <= row["expires_at"]
        assert (row["decided_on"] is None) == (row["outcome"] == "waiting")
    assert set(TABLE.names) == set(rows[0])


def _within_caps(rows: list[dict[str, Any]]) -> bool:
    """No span of a cap's days, begun at any message, holds more messages than the cap allows."""
    went = [row for row in rows if row["outcome"] in ("sent", "held_out")]
    groups: dict[tuple[str, ...], list[datetime]] = defaultdict(list)
    for row in went:
        groups["overall", row["person_id"]].append(row["send_at"])
        groups[row["channel"], row["person_id"]].append(row["send_at"])
        groups["of " + row["trigger"], row["person_id"]].append(row["send_at"])
    caps = {**CAPS, **{"of " + each.name: each.cap for each in SEVERAL}}
    fullest = 0
    for (name, *_), times in groups.items():
        cap = caps.get(name, caps["overall"])
        for begin in times:
            within = sum(begin <= at < begin + timedelta(cap.days) for at in times)
            fullest = max(fullest, within if name == "overall" else 0)
            if within > cap.messages:
                return False
    assert fullest == CAPS["overall"].messages, "control: the caps bind"
    return True
