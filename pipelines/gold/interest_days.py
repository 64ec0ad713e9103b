"""One row per business day, identifier, action and what it was done on: how often, and for how much.

A partial: additive, replaced by day, and untouched when persons merge or split. Purchases are the lines of
receipts and of orders that no till's receipt stands for; carts, views and searches are people's on the site,
not crawlers'; a click in a mail counts unless a machine made it. A search or a page of a category is done on
words, which `gold.catalogue_terms` finds among the catalogue's names; a search may also be for a good's number.
"""

from __future__ import annotations

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.calc.interests import ACTIONS, CART, MAIL_CLICK, PURCHASE, SEARCH, VIEW, as_term
from pipelines.gold.paid_orders import paid_online
from pipelines.lakehouse.expectations import at_least, one_of
from pipelines.lakehouse.table import Col, Input, Table
from pipelines.lakehouse.types import DATE, INT, MONEY, STRING
from pipelines.silver import engagement as silver_engagement
from pipelines.silver import machine_events as silver_machine_events
from pipelines.silver import order_lines as silver_order_lines
from pipelines.silver import orders as silver_orders
from pipelines.silver import receipt_lines as silver_receipt_lines
from pipelines.silver import web_events as silver_web_events
from pipelines.silver.machine_events import with_machines

TABLE = Table(
    name="gold.interest_days",
    doc=__doc__,
    key=("occurred_on", "identifier_type", "identifier_value", "action", "subject"),
    scope=("occurred_on",),
    columns=(
        Col("occurred_on", DATE, "Business day", nullable=False),
        Col("identifier_type", STRING, "Type of the facts' anchor identifier", nullable=False),
        Col("identifier_value", STRING, "The facts' anchor identifier", nullable=False),
        Col("action", STRING, ", ".join(f"`{action}`" for action in ACTIONS), nullable=False),
        Col("subject", STRING, "What it was done on: `product_id`, or else `term`", nullable=False),
        Col("product_id", STRING, "The good; it need not be in the catalogue; null: a category's page"),
        Col("term", STRING, "Words in lower case: a search, or a category's name; null: neither"),
        Col("times", INT, "How often that day; a return is no purchase", nullable=False),
        Col(
            "net_amount",
            MONEY,
            "Paid, after discounts, with VAT, less returns; 0 for all but purchases",
            nullable=False,
        ),
        Col("price", MONEY, "The highest price of a piece or kilogram, before discounts; null: not told"),
    ),
    inputs=(
        Input(silver_receipt_lines.TABLE, by={"occurred_on": "purchased_on"}),
        Input(silver_orders.TABLE, by={"occurred_on": "ordered_on"}),
        Input(silver_order_lines.TABLE, by={"occurred_on": "ordered_on"}),
        silver_web_events.TABLE,
        silver_engagement.TABLE,
        silver_machine_events.TABLE,
    ),
    live=True,
    version=2,  # 2: an order that waits for its till is no purchase yet
    expect=(one_of("action", ACTIONS), at_least("times", 0)),
)

_ON_SITE = {"product_view": VIEW, "category_view": VIEW, "search": SEARCH, "cart": CART}


def build(
    receipt_lines: DataFrame,
    orders: DataFrame,
    order_lines: DataFrame,
    web_events: DataFrame,
    engagement: DataFrame,
    machine_events: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """The acts of each day, of whoever can be told apart."""
    online = order_lines.join(orders.where(paid_online()), on=["ordered_on", "order_id"], how="left_semi")
    acts = (
        _purchases(receipt_lines, "purchased_on"),
        _purchases(online.withColumn("kind", F.lit("sale")), "ordered_on"),
        _visits(web_events),
        _clicks(engagement, machine_events),
    )
    return (
        reduce(DataFrame.unionByName, acts)
        .where((F.col("occurred_on") <= F.lit(as_of)) & F.col("identifier_value").isNotNull())
        .withColumn("subject", F.coalesce("product_id", "term"))
        .where(F.col("subject").isNotNull())
        .groupBy(*TABLE.key)
        .agg(
            F.max("product_id").alias("product_id"),
            F.max("term").alias("term"),
            F.sum("times").cast(INT).alias("times"),
            F.sum("net_amount").cast(MONEY).alias("net_amount"),
            F.max("price").alias("price"),
        )
        .select(*TABLE.names)
    )


def _purchases(lines: DataFrame, day: str) -> DataFrame:
    """Lines of receipts or orders; the price is before discounts, so a coupon changes no one's price band."""
    sale = F.col("kind") == "sale"
    piece = F.when(
        sale & (F.col("quantity") > 0), (F.col("net_amount") + F.col("discount_amount")) / F.col("quantity")
    )
    times = F.when(sale, 1).otherwise(0)
    return _acts(lines, day, F.lit(PURCHASE), "product_id", times=times, amount="net_amount", price=piece)


def _visits(web_events: DataFrame) -> DataFrame:
    """Views, carts and searches: one row for each good of the event, or for its words."""
    events = web_events.where(~F.col("is_crawler") & F.col("kind").isin(*_ON_SITE)).select(
        "*", F.explode_outer("lines").alias("good")
    )
    action = reduce(
        lambda case, kind: case.when(F.col("kind") == kind, _ON_SITE[kind]),
        _ON_SITE,
        F.when(F.lit(False), ""),
    )
    searched = F.when(F.col("kind") == "search", F.trim("search_text"))
    words = F.when(F.col("kind") == "category_view", F.col("category_id")).otherwise(searched)
    return _acts(
        events.withColumns({"_good": F.coalesce("good.product_id", searched), "_words": as_term(words)}),
        "occurred_on",
        action,
        "_good",
        term="_words",
        price=F.col("good.price"),
    )


def _clicks(engagement: DataFrame, machine_events: DataFrame) -> DataFrame:
    """Goods clicked in mails, by people."""
    clicked = with_machines(engagement, machine_events).where(
        (F.col("kind") == "clicked") & ~F.col("is_machine") & F.col("product_id").isNotNull()
    )
    return _acts(clicked, "occurred_on", F.lit(MAIL_CLICK), "product_id")


def _acts(
    facts: DataFrame,
    day: str,
    action: Column,
    product: str,
    *,
    term: str | None = None,
    times: Column | None = None,
    amount: str | None = None,
    price: Column | None = None,
) -> DataFrame:
    return facts.select(
        F.col(day).alias("occurred_on"),
        F.col("anchor_type").alias("identifier_type"),
        F.col("anchor_value").alias("identifier_value"),
        action.alias("action"),
        F.col(product).alias("product_id"),
        (F.lit(None) if term is None else F.col(term)).cast(STRING).alias("term"),
        (F.lit(1) if times is None else times).alias("times"),
        (F.lit(0) if amount is None else F.col(amount)).cast(MONEY).alias("net_amount"),
        (F.lit(None) if price is None else price).cast(MONEY).alias("price"),
    )
