"""One row per receipt line: the good, the quantity and what was paid; a return's are negative, so sums are
net.

A line of a refused receipt is refused with it. A good that the catalogue does not know is kept: it was sold.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.refusal import ITEM, Objection, flag, refuse_if
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import DATE, INT, MONEY, QUANTITY, STRING
from pipelines.landing.receipts import SOURCE
from pipelines.silver import receipts as silver_receipts
from pipelines.silver.anchor import ANCHOR
from pipelines.silver.parse import explode_items

LINES = next(field for field in SOURCE.fields if field.name == "lines")
AMOUNTS = ("quantity", "net_amount", "discount_amount")

TABLE = Table(
    name="silver.receipt_lines",
    doc=__doc__,
    key=("receipt_id", "line_no"),
    scope=("purchased_on",),
    columns=(
        Col("receipt_id", STRING, "The receipt, as `silver.receipts` names it", nullable=False),
        Col("line_no", INT, "Place on the receipt, from 1", nullable=False),
        Col("purchased_on", DATE, "Business day", nullable=False),
        Col("store_id", STRING, "The shop", nullable=False),
        Col("kind", STRING, "`sale` or `return`", nullable=False),
        *ANCHOR,
        Col("product_id", STRING, "The good; it need not be in the catalogue", nullable=False),
        Col("quantity", QUANTITY, "Pieces or kilograms; negative for a return", nullable=False),
        Col(
            "net_amount",
            MONEY,
            "Paid, after discounts, with VAT; negative for a return; in the business's currency",
            nullable=False,
        ),
        Col(
            "discount_amount", MONEY, "Taken off for card and coupons; negative for a return", nullable=False
        ),
        *LINEAGE,
    ),
    inputs=silver_receipts.TABLE.inputs,
    params=silver_receipts.TABLE.params,
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
    """One row per line of every record that could be read, with the reasons against it."""
    receipts = silver_receipts.build(
        records, stores, as_of=as_of, time_zone=time_zone, first_day=first_day, anchors=anchors
    )
    lines = explode_items(flag(receipts, silver_receipts.TABLE), LINES)
    amounts = ("quantity", "net_amount", "loyalty_discount", "coupon_discount")
    lines = refuse_if(
        lines,
        *(Objection(F.col(amount) < 0, Reason.BELOW_MINIMUM, amount) for amount in amounts),
        Objection(F.size("_parent_reasons") > 0, Reason.RECEIPT_REFUSED, "receipt_id"),
    )
    discount = F.coalesce("loyalty_discount", F.lit(0)) + F.coalesce("coupon_discount", F.lit(0))
    sign = F.when(F.col("kind") == "return", -1).otherwise(1)
    lines = lines.withColumn("line_no", F.col(ITEM).cast(INT)).withColumn("discount_amount", discount)
    return lines.withColumns({a: (F.col(a) * sign).cast(TABLE.schema[a].dataType) for a in AMOUNTS})
