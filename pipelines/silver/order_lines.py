"""One row per line of an order of the web shop, in its newest state: the good, the quantity and the amount.

All lines are those of one record, the one that `silver.orders` shows. Lines of a cancelled order stay, and say
so. A line of a refused order is refused with it.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.expectations import at_least
from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.refusal import ITEM, Objection, flag, refuse_if
from pipelines.lakehouse.table import LINEAGE, Col, Table
from pipelines.lakehouse.types import BOOLEAN, DATE, INT, MONEY, QUANTITY, STRING
from pipelines.landing.orders import SOURCE
from pipelines.silver import orders as silver_orders
from pipelines.silver.anchor import ANCHOR
from pipelines.silver.parse import explode_items

LINES = next(field for field in SOURCE.fields if field.name == "lines")

TABLE = Table(
    name="silver.order_lines",
    doc=__doc__,
    key=("ordered_on", "order_id", "line_no"),
    scope=("ordered_on",),
    columns=(
        Col("order_id", STRING, "The order", nullable=False),
        Col("line_no", INT, "Place on the order, from 1", nullable=False),
        Col("ordered_on", DATE, "Business day on which it was placed", nullable=False),
        silver_orders.CHANGED_AT,
        Col("is_cancelled", BOOLEAN, "The order was cancelled", nullable=False),
        *ANCHOR,
        Col("product_id", STRING, "The good; it need not be in the catalogue", nullable=False),
        Col("quantity", QUANTITY, "Pieces or kilograms", nullable=False),
        Col(
            "net_amount",
            MONEY,
            "For the line, after discounts, with VAT; in the business's currency",
            nullable=False,
        ),
        Col("discount_amount", MONEY, "Taken off for card and coupons", nullable=False),
        *LINEAGE,
    ),
    inputs=silver_orders.TABLE.inputs,
    params=silver_orders.TABLE.params,
    expect=(at_least("quantity", 0), at_least("net_amount", 0)),
    write=silver_orders.NEWEST,
)


def build(
    records: DataFrame, *, as_of: date, time_zone: str, first_day: date, anchors: tuple[str, ...]
) -> DataFrame:
    """One row per line of every record that could be read, with the reasons against it."""
    orders = silver_orders.build(
        records, as_of=as_of, time_zone=time_zone, first_day=first_day, anchors=anchors
    )
    lines = explode_items(flag(orders, silver_orders.TABLE), LINES)
    discounts = ("loyalty_discount", "coupon_discount")
    lines = refuse_if(
        lines,
        *(Objection(F.col(discount) < 0, Reason.BELOW_MINIMUM, discount) for discount in discounts),
        Objection(F.size("_parent_reasons") > 0, Reason.ORDER_REFUSED, "order_id"),
    )
    discount = F.coalesce("loyalty_discount", F.lit(0)) + F.coalesce("coupon_discount", F.lit(0))
    return lines.withColumns({"line_no": F.col(ITEM).cast(INT), "discount_amount": discount.cast(MONEY)})
