"""One row per person with a purchase or an address: what is true of their whole history and does not age.

The roll-up over `gold.touchpoints`. Who has bought nothing is here if they can be known by more than a browser or a
mail's link; who has only returned goods is here with no purchase and a negative revenue. What changes merely because a
day goes by (recency, scores, whether somebody is late) stands in `gold.customer_360`.

A purchase is on-line when it was ordered there and off-line when it was paid or handed out in a shop, so that one which
was picked up is both; revenue counts where it was paid. Of machines' touches nothing is counted.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.gold import consents as gold_consents
from pipelines.gold import touchpoints as gold_touchpoints
from pipelines.gold.consents import withdrawn
from pipelines.gold.customer_history import by_day, by_person, known_since
from pipelines.gold.touchpoints import of_persons
from pipelines.lakehouse.expectations import at_least, at_most, in_order
from pipelines.lakehouse.table import PERSON, Col, Input, Table
from pipelines.lakehouse.types import DATE, INT, MONEY, STRING
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver.person_identifiers import IDENTIFIER, addressable

TABLE = Table(
    name="gold.customer_totals",
    doc=__doc__,
    key=("person_id",),
    scope=("person_id",),
    columns=(
        PERSON,
        Col("first_purchase_on", DATE, "Business day of the first sale or order; null: none yet"),
        Col("second_purchase_on", DATE, "The second different day with one; null: none yet"),
        Col("last_purchase_on", DATE, "Business day of the last; null: none yet"),
        Col("first_online_purchase_on", DATE, "First order, be it paid at a till; null: none"),
        Col("last_online_purchase_on", DATE, "Last such; null: none"),
        Col("first_offline_purchase_on", DATE, "First sale in a shop; null: none"),
        Col("last_offline_purchase_on", DATE, "Last such; null: none"),
        Col("purchase_days", INT, "Number of different days with a sale or order", nullable=False),
        Col("receipts", INT, "Number of sale receipts", nullable=False),
        Col("orders", INT, "Number of orders that were not paid at a till", nullable=False),
        Col("returns", INT, "Number of return receipts", nullable=False),
        Col(
            "first_day_receipts",
            INT,
            "How many of the receipts on `first_purchase_on`; 0 without one",
            nullable=False,
        ),
        Col(
            "net_revenue",
            MONEY,
            "Paid over the whole history, less returns; in the business's currency",
            nullable=False,
        ),
        Col("online_revenue", MONEY, "The part of it that orders were paid with", nullable=False),
        Col(
            "repeat_sales",
            MONEY,
            "Paid on purchase days after the first, returns not taken off",
            nullable=False,
        ),
        Col("discount", MONEY, "Taken off over the whole history", nullable=False),
        Col("interval_days", INT, "Median days between purchase days, rounded half up; null: fewer than two"),
        Col("last_gap_days", INT, "Days between the last two purchase days; null: fewer than two"),
        Col(
            "favourite_store",
            STRING,
            "Most receipts; ties by revenue, the last day, then id; null: no sale in a shop",
        ),
        Col("first_store", STRING, "Of the first sale in a shop; null: none"),
        Col("first_online_touch_on", DATE, "First visit, opening, click or order; null: none"),
        Col("last_online_touch_on", DATE, "Last such; null: none"),
        Col("first_offline_touch_on", DATE, "First receipt, return or ping near a shop; null: none"),
        Col("last_offline_touch_on", DATE, "Last such; null: none"),
        Col("last_message_on", DATE, "Day of the last message sent to them; null: none"),
        Col("first_visit_on", DATE, "Day of the first visit of the site; null: none"),
        Col("first_visit_channel", STRING, "What that visit came by; null: none"),
        Col("last_rating", INT, "Stars of the last rating, 1 to 5; null: none"),
        Col("last_rated_on", DATE, "Its day; null: none"),
        Col("email_since", DATE, "Since when an address is known to be theirs; null: none is"),
        Col("phone_since", DATE, "Since when a number is; null: none is"),
        Col("push_since", DATE, "Since when a push token is; null: none is"),
        Col(
            "email_withdrawn_on",
            DATE,
            "Unsubscribed or complained, and not taken back since, of every brand of `gold.consents`; null: not so",
        ),
        Col("sms_withdrawn_on", DATE, "Likewise of text messages; null: not so"),
        Col("push_withdrawn_on", DATE, "Likewise of push messages; null: not so"),
        Col("email_bounced_on", DATE, "The last mail came back, and none was opened since; null: not so"),
    ),
    inputs=(
        Input(gold_touchpoints.TABLE, through=silver_person_identifiers.TABLE, on=IDENTIFIER),
        silver_person_identifiers.TABLE,
        gold_consents.TABLE,
    ),
    params=("business.time_zone",),
    expect=(
        at_least("receipts", 0),
        at_least("orders", 0),
        at_least("last_rating", 1),
        at_most("last_rating", 5),
        in_order("first_purchase_on", "last_purchase_on"),
    ),
    version=2,  # 2: orders count, and people with an address who have bought nothing have a row
)


def build(
    touchpoints: DataFrame,
    person_identifiers: DataFrame,
    consents: DataFrame,
    *,
    as_of: date,
    time_zone: str,
) -> DataFrame:
    """Totals of each person over the touches up to `as_of`."""
    known = touchpoints.where(F.col("touched_on") <= F.lit(as_of))
    totals = by_person(by_day(of_persons(known, person_identifiers)))
    named = addressable(person_identifiers).withColumn("_named", F.lit(True))
    found = (
        totals.join(named, on="person_id", how="full")
        .where("_named OR purchase_days > 0 OR returns > 0")
        .join(known_since(person_identifiers, time_zone), on="person_id", how="left")
        .join(withdrawn(consents), on="person_id", how="left")
    )
    return found.select(
        *(
            F.col(c.name) if c.nullable else F.coalesce(c.name, _nothing(c)).alias(c.name)
            for c in TABLE.columns
        )
    )


def _nothing(column: Col) -> Column:
    """What a column that is never null says of somebody without a touch: 0."""
    return F.lit(None if column is PERSON else 0).cast(column.type)
