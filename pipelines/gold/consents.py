"""One row per person, brand and channel on which the brand wrote to them, or they told it whether it may.

Brands of one group share persons; what a person allows and how often they are written to stays by brand. What they
tell is in the loyalty form (`form`, of the day on which it was signed), in a sign-up on the site (`subscribed`), and in
what comes back from a message: `unsubscribed`, `complained`, `resubscribed`. The last word counts; of two of one
instant a withdrawal. A withdrawal that names no brand is of every brand; a consent that names none is of the row `-`.

A brand without a row was told nothing and wrote nothing; to be known by an address is not to have agreed.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.calc.stamped import stamped, value_of
from pipelines.calc.triggers.definitions import CHANNELS
from pipelines.gold import touchpoints as gold_touchpoints
from pipelines.gold.touchpoints import message_channel, of_persons
from pipelines.lakehouse.expectations import at_least, one_of
from pipelines.lakehouse.table import PERSON, Col, Input, Table
from pipelines.lakehouse.types import BOOLEAN, DATE, INT, STRING, TIMESTAMP
from pipelines.silver import customers as silver_customers
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver.person_identifiers import IDENTIFIER, cards, current

ANY_BRAND = "-"
_WITHDRAWING, _GRANTING = ("unsubscribed", "complained"), ("resubscribed", "subscribed", "form")
_WORDS = (*_WITHDRAWING, *_GRANTING)
_EVENT = ("person_id", "brand", "channel", "day", "at", "kind")

TABLE = Table(
    name="gold.consents",
    doc=__doc__,
    key=("person_id", "brand", "channel"),
    scope=("person_id",),
    columns=(
        PERSON,
        Col(
            "brand",
            STRING,
            f"The group's brand; `{ANY_BRAND}`: the group has one, or none was told",
            nullable=False,
        ),
        Col("channel", STRING, ", ".join(f"`{one}`" for one in CHANNELS), nullable=False),
        Col("consent", BOOLEAN, "Whether the brand may write to them there; null: they told nothing"),
        Col("said", STRING, ", ".join(f"`{word}`" for word in _WORDS) + ": the last word; null: none"),
        Col("said_on", DATE, "Its business day, of a form the day of signing; null: none"),
        Col("messages", INT, "Number of messages that the brand sent them there", nullable=False),
        Col("last_message_on", DATE, "Business day of the last one; null: none was sent"),
    ),
    inputs=(
        Input(gold_touchpoints.TABLE, through=silver_person_identifiers.TABLE, on=IDENTIFIER),
        Input(
            silver_customers.TABLE,
            through=silver_person_identifiers.TABLE,
            on=("loyalty_card",),
            to=("identifier_value",),
        ),
        silver_person_identifiers.TABLE,
    ),
    expect=(one_of("channel", CHANNELS), one_of("said", _WORDS), at_least("messages", 0)),
)


def build(
    touchpoints: DataFrame, customers: DataFrame, person_identifiers: DataFrame, *, as_of: date
) -> DataFrame:
    """What was told and sent up to `as_of`, by person, brand and channel."""
    events = _messages(touchpoints, person_identifiers).unionByName(_forms(customers, person_identifiers))
    kind, sent = F.col("kind"), F.col("kind") == "sent"
    withdraws = kind.isin(*_WITHDRAWING)
    word = stamped("at", F.concat_ws(" ", withdraws.cast(INT), F.col("day").cast(STRING), kind))
    known = (
        events.where((F.col("day") <= F.lit(as_of)) & F.col("channel").isin(*CHANNELS))
        .groupBy("person_id", F.coalesce("brand", F.lit(ANY_BRAND)).alias("brand"), "channel")
        .agg(
            F.max(F.when(~sent, word)).alias("_word"),
            F.max(F.when(withdraws, word)).alias("_withdrawn"),
            F.count_if(sent).cast(INT).alias("messages"),
            F.max(F.when(sent, F.col("day"))).alias("last_message_on"),
        )
    )
    of_all = F.max(F.when(F.col("brand") == ANY_BRAND, F.col("_withdrawn"))).over(
        Window.partitionBy("person_id", "channel")
    )
    told = known.withColumn("_of_all", of_all).withColumn("_last", F.greatest("_word", "_of_all"))
    return (
        told.withColumn("_told", F.split(value_of("_last"), " "))
        .withColumns({"said_on": F.get("_told", F.lit(1)).cast(DATE), "said": F.get("_told", F.lit(2))})
        .withColumn("consent", F.col("said").isin(*_GRANTING))
        .select(*TABLE.names)
    )


def _messages(touchpoints: DataFrame, person_identifiers: DataFrame) -> DataFrame:
    """What was sent, and what people told."""
    telling = touchpoints.where(F.col("kind").isin("sent", *_WORDS) & ~F.col("is_machine"))
    return of_persons(telling, person_identifiers).select(
        "person_id",
        "brand",
        message_channel().alias("channel"),
        F.col("touched_on").alias("day"),
        F.col("touched_at").alias("at"),
        "kind",
    )


def _forms(customers: DataFrame, person_identifiers: DataFrame) -> DataFrame:
    """The channels that people ticked on their forms, as of the day of signing; that not told, of arrival."""
    owners = cards(current(person_identifiers))
    signed = F.coalesce("joined_on", F.to_date("arrived_at"))
    return (
        customers.where(F.col("consents").isNotNull())
        .join(owners, on="loyalty_card", how="inner")
        .withColumn("day", signed)
        .select(
            "person_id",
            "brand",
            F.explode("consents").alias("channel"),
            "day",
            F.col("day").cast(TIMESTAMP).alias("at"),
            F.lit("form").alias("kind"),
        )
        .select(*_EVENT)
    )


def withdrawn(consents: DataFrame) -> DataFrame:
    """`person_id` and, by channel, `email_withdrawn_on` and so on: since when no brand may write to them there.

    Null while one of them may, or while one writes to which nothing was told.
    """
    return consents.groupBy("person_id").agg(*(_closed(channel) for channel in CHANNELS))


def _closed(channel: str) -> Column:
    of_channel = F.col("channel") == channel
    open_ = F.count_if(of_channel & F.coalesce("consent", F.lit(True)))
    last = F.max(F.when(of_channel, F.col("said_on")))
    return F.when(open_ == 0, last).alias(f"{channel}_withdrawn_on")
