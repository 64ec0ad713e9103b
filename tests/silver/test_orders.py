"""Orders and their lines: the newest state wins, whatever the order of arrival."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from pipelines.flow import step_of
from pipelines.lakehouse.facts import account_of, losers_of, settle
from pipelines.lakehouse.refusal import judge
from tests.silver.received import bronze, judged, reasons, settled

pytestmark = pytest.mark.spark
SOON, LATER = datetime(2024, 3, 4, 1, tzinfo=UTC), datetime(2024, 3, 4, 2, tzinfo=UTC)


def order(status: str, *lines: tuple[str, str, str], **fields: object) -> dict[str, object]:
    listed = [dict(zip(("product_id", "quantity", "net_amount"), line, strict=True)) for line in lines]
    return {
        "order_id": "W17",
        "ordered_at": "2024-03-02T10:00:00Z",
        "status": status,
        "login": "u7",
        "lines": listed,
        **fields,
    }


PLACED = order("placed", ("milk", "2", "2.40"), ("tea", "1", "5.00"), delivery_amount="3.00")
CANCELLED = order(
    "cancelled", ("milk", "2", "2.40"), changed_at="2024-03-03T09:00:00Z", cancel_reason="sold out"
)


def kept(name: str, records: DataFrame) -> list[Row]:
    """The rows that stand, in the order of their orders."""
    step = step_of(name)
    assert step is not None
    table, rows = step.table, judge(settled(name, records), step.table).persist()
    nothing = rows.select(*table.names).limit(0)
    judged = settle(
        table, rows, nothing, account_of(table, rows, max_keys=10), losers_of(table, rows, nothing)
    )
    return judged.rows.orderBy("order_id").collect()


def test_the_newest_state_wins_with_all_its_lines(spark: SparkSession) -> None:
    """Of W17 it arrives last, of W18 first; W19's two states are of one instant, and the later arrival counts."""
    placed, cancelled = ({**state, "order_id": "W18"} for state in (PLACED, CANCELLED))
    one, two = ({**CANCELLED, "order_id": "W19", "cancel_reason": reason} for reason in ("one", "two"))
    records = bronze(spark, "orders", PLACED, cancelled, one, arrived=SOON).union(
        bronze(spark, "orders", CANCELLED, placed, two, arrived=LATER, batch=2)
    )
    orders, lines = kept("silver.orders", records), kept("silver.order_lines", records)
    assert [(row["order_id"], row["status"], row["cancel_reason"]) for row in orders] == [
        ("W17", "cancelled", "sold out"),
        ("W18", "cancelled", "sold out"),
        ("W19", "cancelled", "two"),
    ]
    assert {(row["ordered_on"], row["delivery_amount"], row["line_count"]) for row in orders} == {
        (date(2024, 3, 2), Decimal("0.00"), 1)
    }
    assert [(line["product_id"], line["net_amount"], line["is_cancelled"]) for line in lines] == [
        ("milk", Decimal("2.40"), True)
    ] * 3


def test_an_order_and_its_lines(spark: SparkSession) -> None:
    records = bronze(
        spark,
        "orders",
        PLACED,
        order("lost", ("milk", "1", "1.20"), order_id="W18"),
        order("paid", ("milk", "-1", "1.20"), ("tea", "1", "5.00"), order_id="W19", fulfilment="picked_up"),
        order("paid", order_id="W20"),
    )
    orders, lines = judged("silver.orders", records), judged("silver.order_lines", records)
    assert reasons(orders) == [[], ["UNKNOWN_CODE:status"], [], ["BELOW_MINIMUM:line_count"]]
    assert (orders[0]["anchor_type"], orders[0]["delivery_amount"]) == ("login", Decimal("3.00"))
    assert orders[0]["changed_at"] == orders[0]["ordered_at"]
    assert reasons(lines) == [[], [], ["ORDER_REFUSED:order_id"], ["BELOW_MINIMUM:quantity"], []]
    assert [(line["order_id"], line["line_no"]) for line in lines][:2] == [("W17", 1), ("W17", 2)]
