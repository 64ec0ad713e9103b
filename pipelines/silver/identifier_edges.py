"""One row per landing file, kind of evidence and two identifiers that it ties, or one that it names alone.

The evidence of who is one person, and nothing else: `silver.person_identifiers` is its replay. Facts that say the same
within one file came to be known at the same moment, so they are one row. Of what a fact carries, the strongest
identifier is tied to each of the others; a device's push token and the link of a mail are tied to the browser, since a
mail can be forwarded. What crawlers do is no evidence. Contacts are tokens, as everywhere in silver.

Of the loyalty form every record counts, not only the newest of a card: who had a phone last year had it then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import records as bronze
from pipelines.identity.rules import Source
from pipelines.lakehouse.expectations import at_least
from pipelines.lakehouse.refusal import accepted
from pipelines.lakehouse.table import Col, Table
from pipelines.lakehouse.types import DOUBLE, LONG, STRING, TIMESTAMP
from pipelines.landing import customers
from pipelines.silver import engagement as silver_engagement
from pipelines.silver import orders as silver_orders
from pipelines.silver import receipts as silver_receipts
from pipelines.silver import web_events as silver_web_events
from pipelines.silver.parse import parse

ENDS = ("left_type", "left_value", "right_type", "right_value")


@dataclass(frozen=True)
class Star:
    """What a fact ties: of the `hubs` the first that it carries, to each of the `spokes` that it carries.

    Each spoke has the source that the tie is evidence of; `conf/identity.yaml` says what that is worth.
    """

    hubs: tuple[str, ...]
    spokes: Mapping[str, str]


TILL = (
    Star(
        ("loyalty_card", "phone", "payment_token", "order"),
        {"phone": "till_dictated", "payment_token": "payment", "order": "click_and_collect"},
    ),
)
ORDER = (
    Star(
        ("loyalty_card", "login", "email", "phone", "order"),
        {
            "login": "web_order",
            "email": "web_order",
            "phone": "web_order",
            "payment_token": "payment",
            "order": "web_order",
        },
    ),
    Star(("login", "email", "phone", "order"), {"cookie": "web_order"}),
)
SITE = (
    Star(
        ("login", "email", "phone", "cookie"),
        {"email": "site_form", "phone": "site_form", "cookie": "login", "order": "web_order"},
    ),
    Star(("cookie", "login", "email", "phone"), {"push_token": "push", "mail_link_id": "mail_link"}),
)
MAIL = (
    Star(
        ("loyalty_card", "email", "phone"),
        {"email": "addressed", "phone": "addressed", "mail_link_id": "addressed"},
    ),
)
FORM = (Star(("loyalty_card",), {"email": "loyalty_form", "phone": "loyalty_form"}),)

TABLE = Table(
    name="silver.identifier_edges",
    doc=__doc__,
    key=("file", "edge_id"),
    scope=("file",),
    columns=(
        Col("file", STRING, "The landing file that says so, relative to the landing root", nullable=False),
        Col("edge_id", LONG, "Hash of source and identifiers; unique within its file", nullable=False),
        Col("source", STRING, "What kind of evidence it is, as `conf/identity.yaml` has it", nullable=False),
        Col(
            "weight",
            DOUBLE,
            "What a tie of this source is worth; the heavier outlives the lighter",
            nullable=False,
        ),
        Col("left_type", STRING, "Type of the identifier that the fact hangs on", nullable=False),
        Col("left_value", STRING, "That identifier, as the facts carry it", nullable=False),
        Col("right_type", STRING, "Type of the identifier tied to it; null: none was, it was seen alone"),
        Col("right_value", STRING, "The identifier tied to it; null: none was"),
        Col("observed_at", TIMESTAMP, "When we came to know: when the file arrived (UTC)", nullable=False),
        Col("observations", LONG, "Number of the file's facts that say so", nullable=False),
    ),
    inputs=(
        silver_receipts.TABLE,
        silver_orders.TABLE,
        silver_web_events.TABLE,
        silver_engagement.TABLE,
        bronze.TABLES["customers"],
    ),
    params=("identity.rules.sources",),
    expect=(at_least("observations", 1),),
)


def build(
    receipts: DataFrame,
    orders: DataFrame,
    web_events: DataFrame,
    engagement: DataFrame,
    forms: DataFrame,
    *,
    as_of: date,
    sources: Mapping[str, Source],
) -> DataFrame:
    """What facts dated up to `as_of` tie, by landing file."""
    past = {"receipts": "purchased_on", "orders": "ordered_on", "events": "occurred_on"}
    until = {name: F.col(day) <= F.lit(as_of) for name, day in past.items()}
    said = (
        _tied(receipts.where(until["receipts"]).withColumnRenamed("order_id", "order"), TILL),
        _tied(orders.where(until["orders"]).withColumnRenamed("order_id", "order"), ORDER),
        _tied(
            web_events.where(until["events"] & ~F.col("is_crawler")).withColumnRenamed("order_id", "order"),
            SITE,
        ),
        _tied(engagement.where(until["events"]), MAIL),
        _tied(parse(forms, customers.SOURCE).where(accepted()), FORM),
    )
    weight = F.create_map(
        *(F.lit(each) for name, one in sources.items() for each in (name, float(one.weight)))
    )
    return (
        reduce(DataFrame.unionByName, said)
        .groupBy("file", "source", *ENDS)
        .agg(F.min("observed_at").alias("observed_at"), F.count(F.lit(1)).alias("observations"))
        .withColumns(
            {
                "edge_id": F.xxhash64("source", *ENDS),
                "weight": F.coalesce(weight[F.col("source")], F.lit(Source().weight)),
            }
        )
        .select(*TABLE.names)
    )


def _tied(facts: DataFrame, stars: tuple[Star, ...]) -> DataFrame:
    """`file, observed_at, source` and the ends of all ties of these facts; what ties nothing is seen alone."""
    ties = F.flatten(F.array(*(_ties(star) for star in stars)))
    names = dict.fromkeys(name for star in stars for name in (*star.hubs, *star.spokes))
    alone = F.array(_edge(_first(tuple(names)), None, "seen"))
    return (
        facts.select(
            "file", F.col("arrived_at").alias("observed_at"), ties.alias("ties"), alone.alias("alone")
        )
        .select(
            "file",
            "observed_at",
            F.inline(F.when(F.size("ties") > 0, F.col("ties")).otherwise(F.col("alone"))),
        )
        .where(F.col("left_value").isNotNull())
    )


def _ties(star: Star) -> Column:
    """The edges of one star, for those spokes that are there and are not the hub."""
    hub = _first(star.hubs)
    return F.filter(
        F.array(*(_edge(hub, spoke, source) for spoke, source in star.spokes.items())),
        lambda tie: (
            tie["left_value"].isNotNull()
            & tie["right_value"].isNotNull()
            & (tie["left_type"] != tie["right_type"])
        ),
    )


def _first(names: tuple[str, ...]) -> Column:
    """The first of these identifiers that the fact carries; null: none of them."""
    named = [
        F.when(F.col(name).isNotNull(), F.struct(F.lit(name).alias("type"), F.col(name).alias("value")))
        for name in names
    ]
    return F.coalesce(*named)


def _edge(hub: Column, spoke: str | None, source: str) -> Column:
    nothing = F.lit(None).cast("string")
    return F.struct(
        F.lit(source).alias("source"),
        hub["type"].alias("left_type"),
        hub["value"].alias("left_value"),
        (nothing if spoke is None else F.lit(spoke)).alias("right_type"),
        (nothing if spoke is None else F.col(spoke)).alias("right_value"),
    )
