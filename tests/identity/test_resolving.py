"""Evidence through Spark: examples to check by hand, a day on top of a history, and every row accounted for."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.identity import Identifier, Reason, explain, load, parse, resolution, update
from pipelines.identity.evidence import SCHEMA
from pipelines.identity.ids import person_id
from tests.identity.streams import RULES

pytestmark = pytest.mark.spark

OURS = load(Path("conf/identity.yaml"))
BLOCKING = parse({**RULES.model_dump(), "blocked": {"values": ["null"]}})
START = datetime(2024, 1, 1, tzinfo=UTC)
KIOSK, CHAIN = 10_000, 100_000

Raw = tuple[str | None, str | None, str | None, str | None, datetime | None, str | None]


def seen(left: str, right: str | None, day: float, source: str | None = "loyalty_form") -> Raw:
    """`card 1` is written `loyalty_card:1`."""
    ends = [*left.split(":"), *(right.split(":") if right else (None, None))]
    return (*ends, START + timedelta(days=day), source)  # type: ignore[return-value]


EXAMPLES: list[Raw] = [
    # A family's phone, given with two cards: two persons, and the phone is the later card's.
    seen("loyalty_card:A", "phone:family", 0),
    seen("loyalty_card:B", "phone:family", 3),
    # A weak link does not take the phone from the card that confirmed it.
    seen("loyalty_card:C", "phone:confirmed", 0, "phone_confirmed"),
    seen("loyalty_card:D", "phone:confirmed", 3, "till_dictated"),
    # A late claim: a cookie is known for a week before its login, and the login before its card.
    seen("cookie:late", "push_token:late", 0, "push"),
    seen("cookie:late", "login:late", 7, "login"),
    seen("login:late", "loyalty_card:late", 9, "click_and_collect"),
    # Nobody's values tie nothing, and what came with them was seen.
    *(
        seen(f"loyalty_card:{n}", f"phone:{value}", 1)
        for n, value in enumerate(("00000000", "null", "anonymous"), 1)
    ),
    # A card is replaced by another: one person, and its phone goes along.
    seen("loyalty_card:old", "phone:moved", 0),
    seen("loyalty_card:old", "loyalty_card:new", 5, "card_reissued"),
    seen("loyalty_card:alone", None, 2),
    # Out of order by themselves.
    seen("loyalty_card:x", "loyalty_card:x", 1),
    seen("passport:1", "phone:2", 1),
    (None, "1", "phone", "2b", START, "loyalty_form"),
    ("loyalty_card", "y", "phone", "3", None, "loyalty_form"),
]


@pytest.fixture(scope="module")
def frame(spark: SparkSession) -> Callable[[Sequence[Raw]], DataFrame]:
    return lambda rows: spark.createDataFrame(list(rows), SCHEMA)


@dataclass(frozen=True)
class Found:
    """A resolution, read once."""

    identifiers: list[dict[str, Any]]
    accepted: list[dict[str, Any]]
    rejected: list[dict[str, Any]]


@pytest.fixture(scope="module")
def examples(spark: SparkSession, frame: Callable[[Sequence[Raw]], DataFrame]) -> Found:
    day = F.timestamp_seconds(F.lit(int(START.timestamp())) + F.col("id"))
    kiosk = spark.range(KIOSK).select(
        F.lit("cookie"),
        F.lit("kiosk"),
        F.lit("login"),
        F.concat(F.lit("k"), F.col("id")),
        day,
        F.lit("login"),
    )
    chain = spark.range(CHAIN - 1).select(
        F.when(F.col("id") % 2 == 0, "email").otherwise("phone"),
        F.concat(F.lit("link"), F.col("id")),
        F.when(F.col("id") % 2 == 0, "phone").otherwise("email"),
        F.concat(F.lit("link"), F.col("id") + 1),
        day,
        F.lit("loyalty_form"),
    )
    found = resolution(frame(EXAMPLES).union(kiosk).union(chain), OURS)
    found.observed.persist()
    read = Found(
        *(rows.toArrow().to_pylist() for rows in (found.identifiers, found.accepted, found.rejected))
    )
    found.observed.unpersist()
    return read


def at(day: float) -> datetime:
    return START + timedelta(days=day)


def test_examples(examples: Found) -> None:
    rows = [row for row in examples.identifiers if not re.match("^(k|link)[0-9]+$", row["identifier_value"])]
    names = {f"{row['identifier_type']}:{row['identifier_value']}" for row in rows}
    founded = {person_id(name): name for name in names | {f"login:k{number}" for number in range(3)}}
    told = sorted(
        (f"{kind}:{value}", founded[person], since, until)
        for kind, value, person, since, until in (row.values() for row in rows)
    )
    assert told == sorted(
        [
            ("loyalty_card:A", "loyalty_card:A", at(0), None),
            ("loyalty_card:B", "loyalty_card:B", at(3), None),
            ("phone:family", "loyalty_card:A", at(0), at(3)),
            ("phone:family", "loyalty_card:B", at(3), None),
            ("loyalty_card:C", "loyalty_card:C", at(0), None),
            ("phone:confirmed", "loyalty_card:C", at(0), None),
            ("loyalty_card:D", "loyalty_card:D", at(3), None),
            ("push_token:late", "push_token:late", at(0), None),
            ("cookie:late", "push_token:late", at(0), None),
            ("login:late", "push_token:late", at(7), None),
            ("loyalty_card:late", "push_token:late", at(9), None),
            ("loyalty_card:1", "loyalty_card:1", at(1), None),
            ("loyalty_card:2", "loyalty_card:2", at(1), None),
            ("loyalty_card:3", "loyalty_card:3", at(1), None),
            ("loyalty_card:old", "loyalty_card:old", at(0), None),
            ("phone:moved", "loyalty_card:old", at(0), None),
            ("loyalty_card:new", "loyalty_card:old", at(5), None),
            ("loyalty_card:alone", "loyalty_card:alone", at(2), None),
            ("loyalty_card:x", "loyalty_card:x", at(1), None),
            ("phone:2", "phone:2", at(1), None),
            ("phone:2b", "phone:2b", at(0), None),
            # The latest login has it, until the fourth shows that it is nobody's.
            *(("cookie:kiosk", f"login:k{n}", _second(n), _second(n + 1)) for n in range(3)),
        ]
    )


def _second(number: int) -> datetime:
    return at(number / 86_400)


def test_a_kiosk_merges_nobody_and_is_reported(examples: Found) -> None:
    logins = [row for row in examples.identifiers if re.match("^k[0-9]+$", row["identifier_value"])]
    assert {row["valid_to"] for row in logins} == {None}, "none of them ever was another's"
    assert len(logins) == len({row["person_id"] for row in logins}) == KIOSK
    refused = Counter(row["reason"] for row in examples.rejected if row["right_value"] == "kiosk")
    assert refused == {Reason.UNIQUE.name: 2, Reason.SHARED.name: KIOSK - 2}


def test_a_chain_is_capped_and_the_cap_is_reported(examples: Found) -> None:
    chain = [row for row in examples.identifiers if row["identifier_value"].startswith("link")]
    sizes = Counter(Counter(row["person_id"] for row in chain if row["valid_to"] is None).values())
    assert sizes == {OURS.max_identifiers: CHAIN // 1000}
    assert sum(row["reason"] == Reason.TOO_LARGE.name for row in examples.rejected) == CHAIN // 1000 - 1


def test_every_edge_is_accounted_for(examples: Found) -> None:
    """Received = in force + rejected; an identifier seen alone is neither."""
    kept = sum(row["observations"] for row in examples.accepted)
    lost: Counter[str] = Counter()
    for row in examples.rejected:
        lost[row["reason"]] += row["observations"]
    alone = sum(row[2] is None for row in EXAMPLES)
    assert kept + lost.total() + alone == len(EXAMPLES) + KIOSK + CHAIN - 1
    reasons = ("BLOCKED", "SELF", "UNKNOWN_TYPE", "MISSING", "UNIQUE")
    assert [lost[reason] for reason in reasons] == [3, 1, 1, 2, 4]


def test_explained_by_the_path_of_evidence(frame: Callable[[Sequence[Raw]], DataFrame]) -> None:
    edges = frame(EXAMPLES)
    card = Identifier(type="loyalty_card", value="late")
    path = explain(edges, card, Identifier(type="push_token", value="late"))
    assert [(row["left_type"], row["right_type"], row["source"]) for row in path] == [
        ("login", "loyalty_card", "click_and_collect"),
        ("cookie", "login", "login"),
        ("cookie", "push_token", "push"),
    ]
    assert explain(edges, card, Identifier(type="loyalty_card", value="A")) == []


def random_days(seed: int) -> tuple[list[Raw], list[Raw]]:
    """A history and a day, in which some edges are older than the history's last."""
    draw = random.Random(seed)
    pairs = (
        ("card", "phone"),
        ("login", "cookie"),
        ("phone", "cookie"),
        ("card", "card"),
        ("card", "cookie"),
    )

    def edge(first: float, last: float) -> Raw:
        left, right = draw.choice(pairs)
        source = draw.choice(("form", "till", "link", "reissue"))
        values = [str(int(40 * draw.random() ** 2)) for _ in range(2)]
        return seen(
            f"{left}:{values[0]}", f"{right}:{values[1]}", draw.randint(int(first), int(last)), source
        )

    history, day = [edge(0, 20) for _ in range(160)], [edge(15, 22) for _ in range(6)]
    nobody = [seen(f"card:{number}", "phone:null", day, "form") for number, day in ((0, 3), (39, 4))]
    alone = [seen(f"card:{number}", None, day) for number, day in ((60, 5), (61, 5))]
    again = [
        seen(f"card:{number}", None, day) for number, day in ((60, 22), (61, 1), (62, 22))
    ]  # known, older, new
    return [*history, *nobody, *alone], [*day, *again, seen("card:38", "phone:null", 21, "form")]


def test_who_is_known_and_seen_again_alone_is_not_replayed(
    frame: Callable[[Sequence[Raw]], DataFrame],
) -> None:
    """A family's phone, a card with an ended link: whatever they are in, a sighting alone says nothing of it."""
    before = resolution(frame(EXAMPLES), OURS)
    known = sorted(row["node"] for row in before.components.collect())
    again = [seen(node, None, 90) for node in known]
    touched = update(frame([*EXAMPLES, *again]), before.components, frame(again), OURS)
    assert touched.components.count() == 0 < len(known)
    unseen = [seen("loyalty_card:unseen", None, 90)]
    found = update(frame([*EXAMPLES, *unseen]), before.components, frame(unseen), OURS)
    assert [row["node"] for row in found.components.collect()] == ["loyalty_card:unseen"]


@pytest.mark.parametrize(("seed", "lost"), [(1, 0), (2, 8)], ids=["came", "came and went"])
def test_what_came_and_went_on_top_is_a_rebuild(
    frame: Callable[[Sequence[Raw]], DataFrame], seed: int, lost: int
) -> None:
    """Partition, ids, history and every edge's fate; rows of what is not touched stand."""
    history, day = random_days(seed)
    went = {history[place] for place in random.Random(seed).sample(range(len(history)), lost)}
    now = [*(edge for edge in history if edge not in went), *day]
    gone = frame([edge for edge in history if edge in went]) if went else None
    before, rebuilt = resolution(frame(history), BLOCKING), resolution(frame(now), BLOCKING)
    touched = update(frame(now), before.components, frame(day), BLOCKING, gone=gone)
    assert touched.replaced is not None
    for rows in ("history", "links", "rejected"):
        old, new, whole = (list(map(tuple, getattr(of, rows).collect())) for of in (before, touched, rebuilt))
        at = getattr(before, rows).columns.index("component")
        replaced = {row["component"] for row in touched.replaced.collect()} | {row[at] for row in new}
        standing = [row for row in old if row[at] not in replaced]
        assert standing or not old, "the stream is to touch a part only"
        assert Counter((*standing, *new)) == Counter(whole)
