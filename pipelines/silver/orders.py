"""One row per order of the web shop, in its newest state; its amounts stand on its lines.

Of an order's records the one with the latest change counts, whichever came first; of two with the same change,
the one that arrived later. An order whose placing moves to another business day is another order. What was
picked up is paid at a till too: `receipt_id` names that receipt, and the two are one purchase.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import records as bronze
from pipelines.lakehouse.expectations import WARN, at_least, in_order, one_of
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import BOOLEAN, DATE, INT, LONG, MONEY, STRING, TIMESTAMP
from pipelines.landing.orders import SOURCE
from pipelines.silver import clock
from pipelines.silver.anchor import ANCHOR, MALFORMED, anchored
from pipelines.silver.parse import PARSED, parse

STATUSES = ("placed", "paid", "ready", "fulfilled", "cancelled")
FULFILMENTS = ("delivered_from_stock", "delivered_from_shop", "picked_up")
CHANGED_AT = Col("changed_at", TIMESTAMP, "When the order came to stand so (UTC)", nullable=False)
NEWEST = Facts(unit=("ordered_on", "order_id"), prefer=("changed_at", "arrived_at", "content_hash"))

TABLE = Table(
    name="silver.orders",
    doc=__doc__,
    key=("ordered_on", "order_id"),
    scope=("ordered_on",),
    columns=(
        Col("order_id", STRING, "The order's number", nullable=False),
        Col("ordered_on", DATE, "Business day on which it was placed", nullable=False),
        Col("ordered_at", TIMESTAMP, "When it was placed (UTC)", nullable=False),
        clock.DAYS_LATE,
        CHANGED_AT,
        Col("status", STRING, ", ".join(f"`{status}`" for status in STATUSES), nullable=False),
        Col("is_cancelled", BOOLEAN, "It was cancelled", nullable=False),
        Col("cancelled_at", TIMESTAMP, "When it was cancelled (UTC); null: it was not, or not told"),
        Col("cancel_reason", STRING, "Why, in the shop's words; null: not cancelled, or not told"),
        Col("fulfilment", STRING, ", ".join(f"`{way}`" for way in FULFILMENTS) + "; null: not settled yet"),
        Col("store_id", STRING, "The shop that delivers or hands out; null: none does"),
        Col("receipt_id", STRING, "The till's receipt it was paid with; null: paid on-line, or not yet"),
        *ANCHOR,
        Col("loyalty_card", STRING, "Card given; null: none was"),
        Col("login", STRING, "The account it was placed from; null: as a guest"),
        Col("cookie", STRING, "The browser it was placed from; null: not told"),
        Col("email", STRING, "Token of the address for its mails; null: not given, or not valid"),
        Col("phone", STRING, "Token of the number for the courier; null: not given, or not valid"),
        *MALFORMED,
        Col("payment_token", STRING, "Token of the bank card; null: none"),
        Col("points_spent", LONG, "Loyalty points paid with; null: not told"),
        Col("delivery_amount", MONEY, "Paid for the delivery, with VAT; 0: nothing", nullable=False),
        Col("line_count", INT, "Number of lines received, refused ones included", nullable=False),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["orders"],),
    params=(*clock.PARAMS, "identity.anchors"),
    expect=(
        one_of("status", STATUSES),
        one_of("fulfilment", FULFILMENTS),
        at_least("points_spent", 0),
        at_least("delivery_amount", 0),
        at_least("line_count", 1),
        in_order("ordered_at", "changed_at", severity=WARN),
    ),
    write=NEWEST,
)


def build(
    records: DataFrame, *, as_of: date, time_zone: str, first_day: date, anchors: tuple[str, ...]
) -> DataFrame:
    """One row per record, its lines still inside, with the reasons against it."""
    orders = parse(records, SOURCE).withColumns(
        {
            "changed_at": F.coalesce("changed_at", "cancelled_at", "ordered_at"),
            "is_cancelled": F.col("status") == "cancelled",
            "delivery_amount": F.coalesce("delivery_amount", F.lit(0)).cast(MONEY),
            "line_count": F.when(F.col(PARSED), F.coalesce(F.size("lines"), F.lit(0))).cast(INT),
        }
    )
    orders = clock.dated(orders, "ordered_on", "ordered_at", time_zone=time_zone, first_day=first_day)
    return anchored(orders, anchors)
