"""Identity in a lake, day by day: what evidence touches is replayed, gold follows, and it is what a rebuild gives.

Anna has card A and, as is found out on the second day, the bank card T, with which she had bought before. Somebody
decides on the third day that T is not hers, and on the fourth takes it back; then a better copy of a file arrives, in
which one login fewer was at the kiosk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zlib import crc32

import pytest
from pyspark.sql import SparkSession

from pipelines.flow import step_of
from pipelines.gold import customer_totals, touchpoints
from pipelines.identity.ids import person_id
from pipelines.lakehouse.lake import Lake
from pipelines.run import Outcome, Run
from pipelines.runner import make
from pipelines.settings import load
from pipelines.silver import (
    identifier_edges,
    identity_changes,
    identity_decisions,
    identity_rejected_edges,
    person_identifiers,
)
from tests.days import rows_of
from tests.lakehouse.runs import written

pytestmark = pytest.mark.spark

SETTINGS = load(sets=["runner.max_touched_share=1"])
WHOLE = load(sets=["runner.max_touched_keys=1"])
"""More is touched than keys are replaced one by one: tables are written anew."""
MADE = (person_identifiers, identity_rejected_edges, identity_changes, customer_totals)
ANNA, PAID = person_id("loyalty_card:A"), person_id("payment_token:T")
BEN, BROWSER = person_id("loyalty_card:B"), person_id("push_token:t1")


def arrival(day: int) -> datetime:
    return datetime(2024, 3, day, 6, tzinfo=UTC)


def edge(day: int, file: str, tie: str) -> tuple[Any, ...]:
    """`loyalty_card:A phone:1 loyalty_form`; `loyalty_card:A - seen`: alone."""
    left, right, source = tie.split()
    ends = [*left.split(":"), *([None, None] if right == "-" else right.split(":"))]
    return (file, crc32(tie.encode()), source, 1.0, *ends, arrival(day), 1)


KIOSK = [f"login:k{n} cookie:kiosk login" for n in range(1, 5)]
KIOSK_REFUSED = {
    *((f"k{n}", "kiosk", "SHARED") for n in (1, 4)),
    *((f"k{n}", "kiosk", "UNIQUE") for n in (2, 3)),  # before the fourth told that it is nobody's
}
FIRST = [
    "loyalty_card:A phone:family loyalty_form",
    "loyalty_card:B phone:ben loyalty_form",
    "push_token:t1 cookie:c1 push",
    "payment_token:T - seen",
    "loyalty_card:0000 phone:ben till_dictated",
]
SECOND = [
    "loyalty_card:A payment_token:T payment",
    "login:ben cookie:c1 login",
    "loyalty_card:B login:ben web_order",
    "loyalty_card:C phone:family till_dictated",
    "login:k5 cookie:kiosk login",
]


def see(
    lake: Lake, day: int, file: str, ties: Sequence[str], *, instead: Iterable[str] | None = None
) -> None:
    rows = [edge(day, file, tie) for tie in ties]
    frame = lake.spark.createDataFrame(rows, identifier_edges.TABLE.schema)
    written(lake, identifier_edges.TABLE, frame, instead)  # type: ignore[arg-type]


def decide(lake: Lake, day: int, decision: str) -> None:
    """About Anna's card and the bank card."""
    row = ("loyalty_card", "A", "payment_token", "T", decision, None, arrival(day), f"{day}.jsonl", 1, day)
    frame = lake.spark.createDataFrame([row], identity_decisions.TABLE.schema)
    written(lake, identity_decisions.TABLE, frame, ["A"])  # type: ignore[list-item]


def run(lake: Lake, day: int) -> dict[str, Outcome]:
    settings = WHOLE if day == 4 else SETTINGS
    one = Run(lake, f"run {day}", date(2024, 3, day), settings.value, lambda _: None)
    outcomes = {}
    for module in MADE:
        step = step_of(module.TABLE.name)
        assert step is not None
        outcomes[module.TABLE.short] = make(one, step)
    return outcomes


def bought(lake: Lake) -> None:
    day = date(2024, 3, 1)
    rows = [
        {
            "touched_on": day,
            "kind": "sale",
            "touch_id": value,
            "touched_at": arrival(1),
            "identifier_type": kind,
            "identifier_value": value,
            "side": "offline",
            "is_machine": False,
            "store_id": "S1",
            "net_amount": Decimal(amount),
            "discount_amount": Decimal(0),
        }
        for kind, value, amount in (("loyalty_card", "A", 10), ("payment_token", "T", 5), ("phone", "ben", 3))
    ]
    listed = [[row.get(name) for name in touchpoints.TABLE.names] for row in rows]
    written(lake, touchpoints.TABLE, lake.spark.createDataFrame(listed, touchpoints.TABLE.schema))


def paid(lake: Lake) -> dict[str, Decimal]:
    rows = lake.read(customer_totals.TABLE).where("purchase_days > 0").collect()
    return {row["person_id"]: row["net_revenue"] for row in rows}


def tell(lake: Lake, day: int) -> dict[str, Outcome]:
    """What is new on a day, and its run."""
    if day == 1:
        see(lake, 1, "first", FIRST)
        see(lake, 1, "kiosk", KIOSK)
        bought(lake)
    elif day == 2:
        see(lake, 2, "second", SECOND)
    elif day == 3:
        decide(lake, 3, "exclude")
    else:
        decide(lake, 4, "withdraw")
        see(lake, 1, "kiosk", KIOSK[1:], instead=["kiosk"])
    return run(lake, day)


@pytest.fixture(scope="module")
def rebuilt(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """All that the lake knows in the end, taken in at once."""
    lake = Lake(spark, str(tmp_path_factory.mktemp("rebuilt")))
    see(lake, 1, "first", FIRST)
    see(lake, 1, "kiosk", KIOSK[1:])
    see(lake, 2, "second", SECOND)
    decide(lake, 4, "withdraw")
    bought(lake)
    run(lake, 4)
    return lake


def test_days_of_claims_splits_and_decisions_are_a_rebuild(lake: Lake, rebuilt: Lake) -> None:
    outcomes = tell(lake, 1)
    assert {outcome.scope for outcome in outcomes.values()} == {"rebuilt"}
    first = paid(lake)
    assert first == {ANNA: 10, PAID: 5, BEN: 3}
    shared = lake.read(person_identifiers.TABLE).where("person_id IS NULL").collect()
    assert [(row["identifier_value"], row["valid_to"]) for row in shared] == [("kiosk", None)]
    assert rejected(lake) == {("0000", "ben", "BLOCKED"), *KIOSK_REFUSED}

    outcomes = tell(lake, 2)
    assert "rebuilt" not in {outcomes[name].scope for name in ("person_identifiers", "customer_totals")}
    assert paid(lake) == {ANNA: 15, BEN: 3}, "old purchases count"
    assert moved(lake) == {
        ("payment_token:T", PAID, ANNA, "MERGED"),
        ("push_token:t1", BROWSER, BEN, "MERGED"),
        ("cookie:c1", BROWSER, BEN, "MERGED"),
    }
    assert ("C", "family", "UNIQUE") in rejected(lake)
    assert ("k5", "kiosk", "SHARED") in rejected(lake)

    outcomes = tell(lake, 3)
    assert outcomes["person_identifiers"].scope == "1 x component"
    assert outcomes["customer_totals"].scope == "2 x person_id"
    assert paid(lake) == first, "an unmerge restores them exactly"
    assert ("payment_token:T", ANNA, PAID, "SPLIT") in moved(lake)
    split = lake.read(identity_changes.TABLE).where("why = 'SPLIT'").collect()
    assert [row["rule"] for row in split] == ["EXCLUDED"]

    tell(lake, 4)
    assert paid(lake) == {ANNA: 15, BEN: 3}
    for module in MADE:
        assert rows_of(lake.read(module.TABLE)) == rows_of(rebuilt.read(module.TABLE)), module.TABLE.name
    assert {outcome.scope for outcome in run(lake, 4).values()} == {"unchanged"}


def rejected(lake: Lake) -> set[tuple[str, ...]]:
    rows = lake.read(identity_rejected_edges.TABLE).select("left_value", "right_value", "reason").collect()
    return set(map(tuple, rows))


def moved(lake: Lake) -> set[tuple[str, ...]]:
    return {
        (
            f"{row['identifier_type']}:{row['identifier_value']}",
            row["from_person"],
            row["to_person"],
            row["why"],
        )
        for row in lake.read(identity_changes.TABLE).collect()
    }
