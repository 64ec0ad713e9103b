"""Credits by what was bought: each shared out over the categories of its purchase, to the cent both ways.

A purchase's lines say what each category came to, returns netted; its credits say what each channel is given. The cell
of a channel and a category is `credit * category / purchase`, rounded so that over the categories the cells sum to the
credit and over the channels to the category: running sums V and n are rounded, and a cell is what its corner adds,
`R(V1 n1) - R(V0 n1) - R(V1 n0) + R(V0 n0)` with `R(x) = round(x / purchase)` in cents.

A credit of 0.05 and one of 0.05 over goods for 0.07 and 0.03 give 0.04 and 0.01, 0.03 and 0.02.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.lakehouse.types import DOUBLE, LONG, MONEY

UNKNOWN = "not told"
"""The category of goods that the catalogue does not place."""
_ONE = ("purchase_id", "model")


def category_sums(
    credited: DataFrame,
    purchases: DataFrame,
    receipt_lines: DataFrame,
    order_lines: DataFrame,
    products: DataFrame,
) -> DataFrame:
    """`purchase_id, category, cents`: what each category of a purchase with credits came to, less what came back.

    A return is its sale's, unless it has credits of its own; see `gold.attribution`.

    Args:
        credited: Rows of `gold.attribution`.
        purchases: `gold.purchases`.
        receipt_lines: `silver.receipt_lines`.
        order_lines: `silver.order_lines`.
        products: `silver.products`.
    """
    own = credited.select("purchase_id").distinct()
    whose = purchases.join(own.withColumn("_own", F.lit(True)), on="purchase_id", how="left").select(
        F.col("purchase_id").alias("document"),
        F.when(F.col("_own"), F.col("purchase_id")).otherwise(F.col("returns_purchase")).alias("purchase_id"),
    )
    tilled = receipt_lines.select(F.col("receipt_id").alias("document"), "product_id", "net_amount")
    ordered = order_lines.select(F.col("order_id").alias("document"), "product_id", "net_amount")
    of_goods = products.select("product_id", "category")
    return (
        tilled.unionByName(ordered)
        .join(whose.join(own, on="purchase_id", how="left_semi"), on="document", how="inner")
        .join(of_goods, on="product_id", how="left")
        .groupBy("purchase_id", F.coalesce("category", F.lit(UNKNOWN)).alias("category"))
        .agg((F.sum("net_amount") * 100).cast(LONG).alias("cents"))
    )


def by_category(credited: DataFrame, sums: DataFrame) -> DataFrame:
    """`model, channel, category, value`: over the channels a category's revenue, over the categories a credit's.

    Args:
        credited: Rows of `gold.attribution`, of the models that are asked for.
        sums: As `category_sums` gives them.
    """
    credits = credited.groupBy(*_ONE, "channel").agg((F.sum("value") * 100).cast(LONG).alias("cents"))
    of_one = Window.partitionBy(*_ONE)
    whole = F.sum("cents").over(of_one)
    # A purchase that came to nothing may still have goods of both signs: they go to its first channel, so that
    # no category's sum is lost.
    first = F.when(F.row_number().over(of_one.orderBy("channel")) == 1, 1).otherwise(0)
    parts = (
        credits.withColumns({"_whole": whole, "_first": first})
        .withColumn("_part", F.when(F.col("_whole") == 0, F.col("_first")).otherwise(F.col("cents")))
        .withColumns(_running("_part", _ONE, "channel", "_credit"))
        .withColumn("_of", F.when(F.col("_whole") == 0, 1).otherwise(F.col("_whole")))
    )
    goods = sums.withColumns(_running("cents", ("purchase_id",), "category", "_goods"))
    cells = parts.drop("cents").join(goods.drop("cents"), on="purchase_id", how="inner")
    value = (
        _corner("_credit", "_goods")
        - _corner("_credit_before", "_goods")
        - _corner("_credit", "_goods_before")
        + _corner("_credit_before", "_goods_before")
    )
    return cells.groupBy("model", "channel", "category").agg(
        (F.sum(value).cast("decimal(18, 0)") / 100).cast(MONEY).alias("value")
    )


def touches_by_category(credited: DataFrame, sums: DataFrame) -> DataFrame:
    """`year, category, purchases, touches`, one row per year and category, and with a null category of all.

    Args:
        credited: Rows of `gold.attribution` of a model that credits every touch.
        sums: As `category_sums` gives them; a purchase counts in each of its categories.
    """
    each = (
        credited.where(F.col("touch_no") > 0)
        .groupBy("purchase_id", F.year("purchased_on").alias("year"))
        .agg(F.count(F.lit(1)).alias("touches"))
    )
    everything = each.select("purchase_id").withColumn("category", F.lit(None).cast("string"))
    told = sums.select("purchase_id", "category").unionByName(everything)
    return (
        each.join(told, on="purchase_id", how="inner")
        .groupBy("year", "category")
        .agg(F.count(F.lit(1)).alias("purchases"), F.sum("touches").alias("touches"))
    )


def _running(amount: str, of: tuple[str, ...], along: str, name: str) -> dict[str, Column]:
    """The sum up to a row, and up to the one before it."""
    past = Window.partitionBy(*of).orderBy(along).rowsBetween(Window.unboundedPreceding, Window.currentRow)
    up_to = F.sum(amount).over(past)
    return {name: up_to, f"{name}_before": up_to - F.col(amount)}


def _corner(credit: str, goods: str) -> Column:
    """The same for the same three numbers, so that neighbours cancel out to the cent."""
    exact = F.col(credit).cast(DOUBLE) * F.col(goods).cast(DOUBLE) / F.col("_of").cast(DOUBLE)
    return F.floor(exact + 0.5).cast(LONG)
