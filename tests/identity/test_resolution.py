"""Evidence through Spark: examples to check by hand, a day on top of a history, and every row accounted for."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.identity import Identifier, Reason, Resolution, explain, load, resolution, resolve, update
from pipelines.identity.evidence import SCHEMA
from pipelines.identity.ids import person_id
from pipelines.silver import person_identifiers
from tests.identity.streams import RULES, Edge

pytestmark = pytest.mark.spark

OURS = load(Path("conf/identity.yaml"))
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
    (None, "1", "phone", "2", START, "loyalty_form"),
    ("loyalty_card", "y", "phone", "3", None, "loyalty_form"),
]


@pytest.fixture(scope="module")
def frame(spark: SparkSession) -> Callable[[Sequence[Raw]], DataFrame]:
    return lambda rows: spark.createDataFrame(list(rows), SCHEMA)


@pytest.fixture(scope="module")
def examples(spark: SparkSession, frame: Callable[[Sequence[Raw]], DataFrame]) -> Iterator[Resolution]:
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
    yield found
    found.observed.unpersist()


def spans(found: DataFrame) -> set[tuple[Any, ...]]:
    columns = ("identifier_type", "identifier_value", "person_id", "valid_from", "valid_to")
    assert tuple(found.columns) == columns
    rows = [tuple(row) for row in found.collect()]
    assert len(rows) == len(set(rows))
    return set(rows)


def test_examples(examples: Resolution) -> None:
    told: dict[str, list[tuple[str, float, float | None]]] = {}
    for kind, value, person, since, until in spans(examples.identifiers):
        if not value.startswith(("k", "link")):
            day = ((since - START.replace(tzinfo=since.tzinfo)) / timedelta(days=1)) if since else 0
            end = None if until is None else (until - START.replace(tzinfo=None)) / timedelta(days=1)
            told.setdefault(f"{kind}:{value}", []).append((person, day, end))
    founded = {node: person_id(node) for node in told}

    def of(node: str) -> list[tuple[str, float, float | None]]:
        names = {person: node for node, person in founded.items()}
        return sorted((names[person], since, until) for person, since, until in told[node])

    assert of("loyalty_card:A") == [("loyalty_card:A", 0, None)]
    assert of("loyalty_card:B") == [("loyalty_card:B", 3, None)]
    assert of("phone:family") == [("loyalty_card:A", 0, 3), ("loyalty_card:B", 3, None)]
    assert of("phone:confirmed") == [("loyalty_card:C", 0, None)]
    assert of("loyalty_card:D") == [("loyalty_card:D", 3, None)]
    assert of("cookie:late") == of("push_token:late") == [("push_token:late", 0, None)]
    assert of("login:late") == [("push_token:late", 7, None)]
    assert of("loyalty_card:late") == [("push_token:late", 9, None)]
    assert of("loyalty_card:new") == [("loyalty_card:old", 5, None)]
    assert of("loyalty_card:alone") == [("loyalty_card:alone", 2, None)]
    blocked = {f"phone:{value}" for value in ("00000000", "null", "anonymous")}
    assert not blocked & told.keys()
    assert {"loyalty_card:1", "loyalty_card:2", "loyalty_card:3"} <= told.keys()
    assert not {"passport:1", "loyalty_card:y", "phone:3"} & told.keys()
