"""One row per receipt or order and kind of movement of points: what it earned, paid with points, or takes back.

A partial by day: rules and lines alone decide it, whoever the buyer turns out to be. The person, the cap on credits
and the limit on what a return takes back come in `gold.loyalty_ledger`. What is picked up at a till is that receipt's,
and an order that waits there unpaid moves nothing.

Points are earned on money: on the amount of goods that are not excepted, less what points paid for. A sale has a row
even where it earned nothing, so that its return is known to take nothing back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.calc.loyalty import Accrual, Credit, Redemption, before, points_for
from pipelines.gold.paid_orders import paid_online
from pipelines.lakehouse.expectations import at_least, one_of
from pipelines.lakehouse.table import Col, Input, Table
from pipelines.lakehouse.types import DATE, LONG, MONEY, STRING, TIMESTAMP
from pipelines.silver import order_lines as silver_order_lines
from pipelines.silver import orders as silver_orders
from pipelines.silver import products as silver_products
from pipelines.silver import receipt_lines as silver_receipt_lines
from pipelines.silver import receipts as silver_receipts

ACCRUAL, CREDIT, REDEMPTION, REVERSAL, REFUND = KINDS = (
    "accrual",
    "credit",
    "redemption",
    "reversal",
    "refund",
)

TABLE = Table(
    name="gold.loyalty_events",
    doc=__doc__,
    key=("occurred_on", "document_id", "kind"),
    scope=("occurred_on",),
    columns=(
        Col("occurred_on", DATE, "Business day", nullable=False),
        Col("occurred_at", TIMESTAMP, "The receipt's or order's instant (UTC)", nullable=False),
        Col("document_id", STRING, "The `receipt_id`, or `order/` and the order's number", nullable=False),
        Col("about", STRING, "Of a return the `receipt_id` taken back, if told; else itself", nullable=False),
        Col("kind", STRING, ", ".join(f"`{kind}`" for kind in KINDS), nullable=False),
        Col("identifier_type", STRING, "Type of the anchor identifier; null: nobody's"),
        Col("identifier_value", STRING, "The anchor identifier; null: nobody's"),
        Col(
            "points", LONG, "Earned or given back (positive), spent or taken back (negative)", nullable=False
        ),
        Col("asked", LONG, "Of a redemption: points that the till or the site took; null for other kinds"),
        Col("amount", MONEY, "Money that the points are for, in the business's currency", nullable=False),
        Col("rule", STRING, "The rule that was applied; null: none held on the day of the sale"),
        Col(
            "available_on",
            DATE,
            "From when the points count as spendable; what is taken back of frozen ones counts when they do",
            nullable=False,
        ),
        Col(
            "expires_on",
            DATE,
            "The first day on which the points count no longer; null: they do not expire, or nothing was earned",
        ),
    ),
    inputs=(
        Input(silver_receipts.TABLE, by={"occurred_on": "purchased_on"}),
        Input(silver_receipt_lines.TABLE, by={"occurred_on": "purchased_on"}),
        Input(silver_products.TABLE, through=silver_receipt_lines.TABLE, on=("product_id",)),
        Input(silver_orders.TABLE, by={"occurred_on": "ordered_on"}),
        Input(silver_order_lines.TABLE, by={"occurred_on": "ordered_on"}),
        Input(silver_products.TABLE, through=silver_order_lines.TABLE, on=("product_id",)),
    ),
    params=(
        "loyalty.accruals",
        "loyalty.redemptions",
        "loyalty.credits",
        "loyalty.expire_days",
        "business.currency",
    ),
    expect=(one_of("kind", KINDS), at_least("asked", 0)),
    version=3,  # 2: points pay for orders too, an order that waits for its till moves none; 3: frozen reversals
)


def build(
    receipts: DataFrame,
    receipt_lines: DataFrame,
    products: DataFrame,
    orders: DataFrame,
    order_lines: DataFrame,
    products_ordered: DataFrame,
    *,
    as_of: date,
    accruals: Sequence[Accrual],
    redemptions: Sequence[Redemption],
    credits: Sequence[Credit],
    expire_days: int | None,
    currency: str,
) -> DataFrame:
    """The movements of each day's receipts, and of orders that no receipt stands for."""
    earning = [rule for rule in accruals if rule.currency == currency]
    earning += [before(credit, earning) for credit in credits if credit.currency == currency]
    paying = [rule for rule in redemptions if rule.currency == currency]
    at_tills = _receipts(receipts).join(
        _amounts(receipt_lines, products, "receipt_id", "purchased_on", earning),
        on=["occurred_on", "document_id"],
        how="inner",
    )
    online = _orders(orders).join(
        _amounts(
            order_lines.withColumn("order_id", _order_id()),
            products_ordered,
            "order_id",
            "ordered_on",
            earning,
        ),
        on=["occurred_on", "document_id"],
        how="inner",
    )
    documents = at_tills.unionByName(online).where(F.col("occurred_on") <= F.lit(as_of))
    return _movements(documents, earning, paying, expire_days)


def _receipts(receipts: DataFrame) -> DataFrame:
    returned = F.when(F.col("kind") == "return", F.col("returns_receipt"))
    day = F.try_to_timestamp(F.regexp_extract(returned, r"(\d{4}-\d{2}-\d{2})$", 1), F.lit("yyyy-MM-dd"))
    return receipts.select(
        F.col("purchased_on").alias("occurred_on"),
        F.col("purchased_at").alias("occurred_at"),
        F.col("receipt_id").alias("document_id"),
        F.coalesce(returned, "receipt_id").alias("about"),
        F.coalesce(day.cast(DATE), "purchased_on").alias("sold_on"),
        F.col("anchor_type").alias("identifier_type"),
        F.col("anchor_value").alias("identifier_value"),
        (F.col("kind") == "return").alias("is_return"),
        F.coalesce("points_spent", F.lit(0)).alias("spent"),
    )


def _order_id() -> Column:
    return F.concat(F.lit("order/"), F.col("order_id"))


def _orders(orders: DataFrame) -> DataFrame:
    return orders.where(paid_online()).select(
        F.col("ordered_on").alias("occurred_on"),
        F.col("ordered_at").alias("occurred_at"),
        _order_id().alias("document_id"),
        _order_id().alias("about"),
        F.col("ordered_on").alias("sold_on"),
        F.col("anchor_type").alias("identifier_type"),
        F.col("anchor_value").alias("identifier_value"),
        F.lit(False).alias("is_return"),
        F.coalesce("points_spent", F.lit(0)).alias("spent"),
    )


def _amounts(
    lines: DataFrame, products: DataFrame, document: str, day: str, earning: Sequence[Accrual]
) -> DataFrame:
    """`total` of each document, and by rule what of it earns (`earns_0`, ...); a return's are positive, too."""
    if any(rule.excepts for rule in earning):
        placed = products.select("product_id", "department", "category")
        lines = lines.join(placed, on="product_id", how="left")
    amount = F.col("net_amount")
    by_rule = {
        f"earns_{n}": F.sum(F.when(~rule.excepted(), amount).otherwise(0)) if rule.excepts else F.sum(amount)
        for n, rule in enumerate(earning)
    }
    return lines.groupBy(F.col(day).alias("occurred_on"), F.col(document).alias("document_id")).agg(
        F.abs(F.sum(amount)).cast(MONEY).alias("total"),
        *(F.abs(value).cast(MONEY).alias(name) for name, value in by_rule.items()),
    )


def _movements(
    documents: DataFrame,
    earning: Sequence[Accrual],
    paying: Sequence[Redemption],
    expire_days: int | None,
) -> DataFrame:
    sale, sold_on = ~F.col("is_return"), F.col("sold_on")
    limits = [F.when(rule.holds_on(sold_on), rule.most_for(F.col("total"))) for rule in paying]
    values = [F.when(rule.holds_on(sold_on), F.lit(rule.point_value)) for rule in paying]
    paid = F.when(sale, F.least("spent", F.coalesce(*limits, F.lit(0)))).otherwise(0)
    documents = documents.withColumn("_paid", paid).withColumn(
        "_by_points", (F.col("_paid") * F.coalesce(*values, F.lit(0))).cast(MONEY)
    )
    documents = documents.withColumn("_earned", _earned(earning)).withColumn("_kind", _kind(earning))
    sign, day = F.when(sale, 1).otherwise(-1), F.col("occurred_on")
    earned = F.struct(
        F.col("_kind").alias("kind"),
        (F.coalesce("_earned.points", F.lit(0)) * sign).cast(LONG).alias("points"),
        F.lit(None).cast(LONG).alias("asked"),
        F.coalesce("_earned.amount", F.lit(0)).cast(MONEY).alias("amount"),
        F.col("_earned.rule").alias("rule"),
        F.greatest("_earned.available_on", day).alias("available_on"),
        _expires_on(expire_days).alias("expires_on"),
    )
    paid_with = F.struct(
        F.when(sale, REDEMPTION).otherwise(REFUND).alias("kind"),
        F.when(sale, -F.col("_paid")).otherwise(F.col("spent")).cast(LONG).alias("points"),
        F.when(sale, F.col("spent")).cast(LONG).alias("asked"),
        F.when(sale, F.col("_by_points")).otherwise(F.lit(0)).cast(MONEY).alias("amount"),
        F.lit(None).cast(STRING).alias("rule"),
        day.alias("available_on"),
        F.lit(None).cast(DATE).alias("expires_on"),
    )
    return (
        documents.select("*", F.explode(F.array(earned, paid_with)).alias("_moved"))
        .where(F.col("_moved.kind").isin(ACCRUAL, CREDIT, REVERSAL) | (F.col("spent") > 0))
        .select(*(c if c in documents.columns else f"_moved.{c}" for c in TABLE.names))
    )


def _expires_on(days: int | None) -> Column:
    """What a purchase earned lasts from it on, a credit from when it may be spent; null: neither, or for good."""
    if days is None:
        return F.lit(None).cast(DATE)
    since = F.when(F.col("_kind") == CREDIT, F.greatest("_earned.available_on", "occurred_on"))
    earned = F.col("_kind").isin(ACCRUAL, CREDIT) & (F.col("_earned.points") > 0)
    return F.when(earned, F.date_add(F.coalesce(since, "occurred_on"), days))


def _kind(earning: Sequence[Accrual]) -> Column:
    """What a return takes back is a reversal, be it of an accrual or of a credit for an earlier purchase."""
    case = F.when(F.col("is_return"), REVERSAL)
    for rule in earning:
        if rule.is_credit:
            case = case.when(rule.holds_on(F.col("sold_on")), CREDIT)
    return case.otherwise(ACCRUAL)


def _earned(earning: Sequence[Accrual]) -> Column:
    """What the rule that holds on the sale's day gives; null: none holds."""
    nothing = F.struct(
        F.lit(0).cast(LONG).alias("points"),
        F.lit(0).cast(MONEY).alias("amount"),
        F.lit(None).cast(STRING).alias("rule"),
        F.col("occurred_on").alias("available_on"),
    )
    case = F.when(F.lit(False), nothing)
    for n, rule in enumerate(earning):
        base = F.greatest(F.col(f"earns_{n}") - F.col("_by_points"), F.lit(0)).cast(MONEY)
        given = F.struct(
            points_for(base, rule.points, rule.per).alias("points"),
            base.alias("amount"),
            F.lit(rule.name).alias("rule"),
            rule.available_on(F.col("sold_on")).alias("available_on"),
        )
        case = case.when(rule.holds_on(F.col("sold_on")), given)
    return case.otherwise(nothing)
