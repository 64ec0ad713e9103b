"""One row per landing file, kind of evidence and two identifiers that it ties, or one that it names alone.

The evidence of who is one person, and nothing else: `silver.person_identifiers` is its replay. Facts that say the same
within one file came to be known at the same moment, so they are one row. Of what a fact carries, the strongest
identifier is tied to each of the others; a device's push token and the link of a message are tied to the browser, since
a message can be passed on, and so is an account that the link alone signed in. Who dictates a number may dictate a
relative's, so what a number is seen with has a source of its own until the number is confirmed. What crawlers do is no
evidence. Contacts are tokens, as everywhere in silver.

Every contact that a fact carries is an end of its evidence: one that nothing ties was seen alone. What was written as
one and is none (`invalid:`) is evidence, too, which the rules refuse.

Of the loyalty form every record counts, not only the newest of a card: who had a phone last year had it then.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from pipelines.silver import identity_events as silver_identity_events
from pipelines.silver import orders as silver_orders
from pipelines.silver import receipts as silver_receipts
from pipelines.silver import web_events as silver_web_events
from pipelines.silver.parse import parse
from pipelines.silver.ties import FORM, MADE_KNOWN, MAIL, ORDER, SITE, SITE_BY_LINK, TILL, tied, ties, untied
from pipelines.silver.web_events import signed_in_by_link

ENDS = ("left_type", "left_value", "right_type", "right_value")


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
        silver_identity_events.TABLE,
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
    identity_events: DataFrame,
    forms: DataFrame,
    *,
    as_of: date,
    sources: Mapping[str, Source],
) -> DataFrame:
    """What facts dated up to `as_of` tie, by landing file."""
    past = {"receipts": "purchased_on", "orders": "ordered_on", "events": "occurred_on"}
    until = {name: F.col(day) <= F.lit(as_of) for name, day in past.items()}
    events = web_events.where(until["events"] & ~F.col("is_crawler")).withColumnRenamed("order_id", "order")
    known = identity_events.where(until["events"])
    said = (
        _tied(receipts.where(until["receipts"]).withColumnRenamed("order_id", "order"), ties(TILL)),
        _tied(orders.where(until["orders"]).withColumnRenamed("order_id", "order"), ties(ORDER)),
        _tied(events, F.when(signed_in_by_link(), ties(SITE_BY_LINK)).otherwise(ties(SITE))),
        _tied(engagement.where(until["events"]), ties(MAIL)),
        _tied(known, F.coalesce(*(F.when(F.col("kind") == kind, ties(s)) for kind, s in MADE_KNOWN.items()))),
        _tied(parse(forms, customers.SOURCE).where(accepted()), ties(FORM)),
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


def _tied(facts: DataFrame, edges: Column) -> DataFrame:
    """`file, observed_at, source` and the ends of all ties of these facts; what they do not tie is seen alone."""
    told = facts.withColumn("ties", tied(edges))
    left, right = (
        F.transform("ties", lambda tie: tie["left_value"]),
        F.transform("ties", lambda tie: tie["right_value"]),
    )
    return (
        told.withColumn("ends", F.concat(left, right))
        .select(
            "file", F.col("arrived_at").alias("observed_at"), "ties", untied(facts.columns).alias("alone")
        )
        .select("file", "observed_at", F.inline(F.flatten(F.array("ties", "alone"))))
    )
