"""A world's receipts, as records of their landing contract: sales, and returns of some.

A record frame has one row a record: `record`, a STRUCT of the contract's fields as text; `id`, unique in its
source; `at`, when it happened, and was sent; `dated_at`, the instant whose business day it counts for;
`lines`, how many it has; `cents`, what it adds to the net revenue; and `replaced`: whether a later state of
the same thing takes its place.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.simulate.clock import HOUR, instant, written
from pipelines.simulate.contacts import dictated, loyalty_card, payment_token, typed
from pipelines.simulate.draws import Draws, whole
from pipelines.simulate.goods import product_id
from pipelines.simulate.places import store_id, till_id
from pipelines.simulate.purchases import SLOTS, receipt_no
from pipelines.simulate.world import World

RETURNED, NAMED = 0.03, 0.67
"""Share of receipts of which the first line is brought back, and of returns that name their receipt."""

POINTS_PER_HUNDRED = 3


def at_tills(purchases: DataFrame, world: World) -> DataFrame:
    """Purchases with a receipt, and the returns of some: those with what a till knows of who came.

    Adds `kind`, `no`, `paid_at` (of the sale or the return), `returns_receipt`, `phone_given` (in E.164),
    `email_given`, `card_paid`.
    """
    draws, ids = Draws(world.seed), (F.col("person"), F.col("day"), F.col("slot"))
    sold = purchases.where(F.col("receipt_no").isNotNull()).withColumns(
        {
            "phone_given": F.when(draws.chance(0.25, "phone dictated", *ids), F.col("phone")),
            "email_given": F.when(
                F.col("card_shown") & draws.chance(0.03, "email dictated", *ids), F.col("email")
            ),
            "card_paid": F.col("has_bank_card") & draws.chance(0.5, "paid by card", *ids),
        }
    )
    sale = F.struct(
        F.lit("sale").alias("kind"),
        F.col("receipt_no").alias("no"),
        F.col("paid_at").alias("on"),
        F.col("lines").alias("goods"),
        F.lit(None).cast("string").alias("returns_receipt"),
    )
    wait = draws.below(14, "return wait", *ids) + 1
    names = draws.chance(NAMED, "return names", *ids)
    back = F.struct(
        F.lit("return").alias("kind"),
        receipt_no(F.col("number") + SLOTS // 2, F.col("waited"), wait).alias("no"),
        instant(
            world, F.col("paid_day") + wait, draws.below(9 * HOUR, "return hour", *ids) + 10 * HOUR
        ).alias("on"),
        F.slice("lines", 1, 1).alias("goods"),
        F.when(names, F.col("receipt_id")).alias("returns_receipt"),
    )
    brought_back = F.when(draws.chance(RETURNED, "returned", *ids), back)
    both = sold.withColumn("_each", F.explode(F.array_compact(F.array(sale, brought_back))))
    return both.withColumns(
        {
            "kind": F.col("_each.kind"),
            "no": F.col("_each.no"),
            "paid_at": F.col("_each.on"),
            "lines": F.col("_each.goods"),
            "returns_receipt": F.col("_each.returns_receipt"),
        }
    ).drop("_each")


def receipt_records(tilled: DataFrame, world: World) -> DataFrame:
    """The records of `receipts`, from what `at_tills` gives."""
    draws, ids = Draws(world.seed), (F.col("person"), F.col("day"), F.col("slot"))
    sale = F.col("kind") == "sale"
    sign = F.when(sale, 1).otherwise(-1)
    tilled = tilled.withColumn(
        "cents", F.aggregate("lines", F.lit(0).cast("long"), lambda sum_, line: sum_ + line["cents"])
    )
    earned = F.when(F.col("card_shown") & sale, whole(F.col("cents") * POINTS_PER_HUNDRED / 10_000))
    spent = F.when(draws.chance(0.1, "points spent", *ids), whole(earned / 2))
    record = F.struct(
        F.col("no").alias("receipt_no"),
        store_id(F.col("store")).alias("store_id"),
        till_id(F.col("till")).alias("till_id"),
        "kind",
        written(F.col("paid_at")).alias("purchased_at"),
        F.when(F.col("card_shown"), loyalty_card(F.col("person"))).alias("loyalty_card"),
        dictated(F.col("phone_given"), draws.uniform("dictated", *ids)).alias("phone"),
        typed(F.col("email_given"), draws.uniform("email typed", *ids)).alias("email"),
        F.when(F.col("card_paid"), payment_token(draws, F.col("person"))).alias("payment_token"),
        F.when(sale, F.col("order_id")).alias("order_id"),
        earned.cast("string").alias("points_earned"),
        F.when(spent > 0, spent).cast("string").alias("points_spent"),
        "returns_receipt",
        F.transform("lines", line_record).alias("lines"),
    )
    return tilled.select(
        record.alias("record"),
        F.concat_ws("/", "no", "store", "till", F.unix_seconds("paid_at")).alias("id"),
        F.col("paid_at").alias("at"),
        F.size("lines").alias("lines"),
        (F.col("cents") * sign).alias("cents"),
        F.col("paid_at").alias("dated_at"),
        F.lit(False).alias("replaced"),
    )


def line_record(line: Column) -> Column:
    """A line as the contracts of receipts and orders write it."""
    return F.struct(
        product_id(line["product"]).alias("product_id"),
        line["quantity"].alias("quantity"),
        amount(line["cents"]).alias("net_amount"),
        F.when(line["discount"] > 0, amount(line["discount"])).alias("loyalty_discount"),
    )


def amount(cents: Column) -> Column:
    """Cents as an exact amount with two decimals, as text."""
    return (cents.cast("decimal(18,0)") / 100).cast("decimal(18,2)").cast("string")
