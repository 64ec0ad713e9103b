"""One row per receipt: a till's sale or return, with who and where; its amounts stand on its lines.

Of the same receipt received twice one record counts, whichever came first.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import records as bronze
from pipelines.calc.time import business_date
from pipelines.lakehouse.expectations import at_least, one_of
from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.refusal import Objection, refuse_if
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import DATE, INT, STRING, TIMESTAMP
from pipelines.landing.receipts import SOURCE
from pipelines.silver.parse import PARSED, parse

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
        Col("store_id", STRING, "The shop", nullable=False),
        Col("till_id", STRING, "The till; null where the shop does not tell"),
        Col("kind", STRING, "`sale` or `return`", nullable=False),
        Col("anchor_type", STRING, "Type of the strongest identifier on the receipt; null: anonymous"),
        Col("anchor_value", STRING, "That identifier; null: anonymous"),
        Col("loyalty_card", STRING, "Card shown; null: none"),
        Col("phone", STRING, "Token of the phone dictated; null: none, or not a valid number"),
        Col("payment_token", STRING, "Token of the bank card; null: none"),
        Col("line_count", INT, "Number of lines received, refused ones included", nullable=False),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["receipts"],),
    params=("business.time_zone", "identity.anchors"),
    expect=(one_of("kind", ("sale", "return")), at_least("line_count", 1)),
    write=Facts(unit=("purchased_on", "receipt_id")),
)


def build(records: DataFrame, *, as_of: date, time_zone: str, anchors: tuple[str, ...]) -> DataFrame:
    """One row per record, its lines still inside, with the reasons against it."""
    receipts = (
        parse(records, SOURCE)
        .withColumn("kind", F.coalesce("kind", F.lit("sale")))
        .withColumn("purchased_on", business_date(F.col("purchased_at"), time_zone))
        .withColumn("line_count", F.when(F.col(PARSED), F.coalesce(F.size("lines"), F.lit(0))).cast(INT))
    )
    named = ("store_id", "receipt_no", "purchased_on")
    number = F.concat_ws(
        "/",
        "store_id",
        F.coalesce("till_id", F.lit("-")),
        "receipt_no",
        F.date_format("purchased_on", "yyyy-MM-dd"),
    )
    receipts = (
        receipts.withColumn(
            "receipt_id",
            F.when(F.forall(F.array(*(F.col(n).isNotNull() for n in named)), lambda x: x), number),
        )
        .withColumn("_anchor", F.coalesce(*(_anchor(kind) for kind in anchors)))
        .withColumns({"anchor_type": F.col("_anchor.type"), "anchor_value": F.col("_anchor.value")})
        .drop("_anchor")
    )
    too_late = F.col("purchased_on") > business_date(F.col("arrived_at"), time_zone)
    return refuse_if(receipts, Objection(too_late, Reason.FUTURE, "purchased_at"))


def _anchor(kind: str) -> Column:
    return F.when(F.col(kind).isNotNull(), F.struct(F.lit(kind).alias("type"), F.col(kind).alias("value")))
