"""One row per receipt: a till's sale or return, with who and where; its amounts stand on its lines.

Of the same receipt received twice one record counts, whichever came first.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import records as bronze
from pipelines.lakehouse.expectations import at_least, one_of
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Input, Table
from pipelines.lakehouse.types import DATE, INT, LONG, STRING, TIMESTAMP
from pipelines.landing.receipts import SOURCE
from pipelines.silver import clock
from pipelines.silver import stores as silver_stores
from pipelines.silver.anchor import ANCHOR, MALFORMED, anchored
from pipelines.silver.parse import PARSED, parse, placed

TABLE = Table(
    name="silver.receipts",
    doc=__doc__,
    key=("receipt_id",),
    scope=("purchased_on",),
    columns=(
        Col(
            "receipt_id",
            STRING,
            "Store, till, number and business day, joined by `/`; `-` stands for no till",
            nullable=False,
        ),
        Col("purchased_on", DATE, "Business day", nullable=False),
        Col("purchased_at", TIMESTAMP, "The till's clock (UTC)", nullable=False),
        clock.DAYS_LATE,
        Col("store_id", STRING, "The shop", nullable=False),
        Col("till_id", STRING, "The till; null where the shop does not tell"),
        Col("kind", STRING, "`sale` or `return`", nullable=False),
        *ANCHOR,
        Col("loyalty_card", STRING, "Card shown; null: none"),
        Col("phone", STRING, "Token of the phone dictated; null: none, or not a valid number"),
        Col("email", STRING, "Token of the address dictated; null: none, or not a valid one"),
        *MALFORMED,
        Col("payment_token", STRING, "Token of the bank card; null: none"),
        Col("order_id", STRING, "The web shop's order that was picked up; null: it is no pick-up"),
        Col("points_earned", LONG, "Loyalty points earned; null: not told"),
        Col("points_spent", LONG, "Loyalty points paid with; null: not told"),
        Col(
            "returns_receipt",
            STRING,
            "Of a return: the `receipt_id` it takes back, which need not be here; null: a sale, or a return without",
        ),
        Col("line_count", INT, "Number of lines received, refused ones included", nullable=False),
        *LINEAGE,
    ),
    inputs=(
        bronze.TABLES["receipts"],
        Input(silver_stores.TABLE, whole=True, on=("store_id", "time_zone")),
    ),
    params=(*clock.PARAMS, "identity.anchors"),
    expect=(
        one_of("kind", ("sale", "return")),
        at_least("line_count", 1),
        at_least("points_earned", 0),
        at_least("points_spent", 0),
    ),
    write=Facts(unit=("purchased_on", "receipt_id")),
)


def build(
    records: DataFrame,
    stores: DataFrame,
    *,
    as_of: date,
    time_zone: str,
    first_day: date,
    anchors: tuple[str, ...],
) -> DataFrame:
    """One row per record, its lines still inside, with the reasons against it.

    A clock without an offset is of the shop's zone; where the shop has none, or one that Java does not know,
    of the business's.
    """
    zones = F.broadcast(stores.select("store_id", F.col("time_zone").alias("_zone")))  # one row a shop
    parsed = parse(records, SOURCE).join(zones, on="store_id", how="left")
    receipts = (
        parsed.withColumn("purchased_at", placed("purchased_at", F.col("_zone"), F.lit(time_zone)))
        .withColumn("kind", F.coalesce("kind", F.lit("sale")))
        .withColumn("line_count", F.when(F.col(PARSED), F.coalesce(F.size("lines"), F.lit(0))).cast(INT))
        .drop("_zone")
    )
    receipts = clock.dated(receipts, "purchased_on", "purchased_at", time_zone=time_zone, first_day=first_day)
    named = ("store_id", "receipt_no", "purchased_on")
    number = F.concat_ws(
        "/",
        "store_id",
        F.coalesce("till_id", F.lit("-")),
        "receipt_no",
        F.date_format("purchased_on", "yyyy-MM-dd"),
    )
    known = F.forall(F.array(*(F.col(n).isNotNull() for n in named)), lambda x: x)
    return anchored(receipts.withColumn("receipt_id", F.when(known, number)), anchors)
