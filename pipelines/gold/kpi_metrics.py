"""The metrics of `gold.kpi_monthly`: what each means, and the shape of a row."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType

from pipelines.lakehouse.types import DATE

METRICS = {
    "offline_share": "sales at tills of all purchases",
    "identified_receipts": "sale receipts with an identifier (of the type) of all",
    "identified_revenue": "the tills' revenue on receipts with an identifier (of the type) of all of it",
    "repeat_receipts": "identified sale receipts of people who had bought on an earlier day, of all identified ones",
    "revenue": "revenue of both sides, less returns, by class, of all of it",
    "average_receipt": "revenue by class for a purchase",
    "spend": "revenue by class for somebody who bought in the month",
    "repeat_purchases": "purchases by class of people who had bought on an earlier day, of their purchases",
    "touches": "touches before a purchase (`gold.journeys`) for a purchase, by class",
    "ropo": "sales in shops after a visit of the site, of all purchases of people known, by class",
    "customers": "people of the class, of all who have bought until the month's end",
    "email": "people with an e-mail address, of all who have bought until the month's end",
    "phone": "people with a phone number, of all who have bought until the month's end",
    "consent": "people with an address who have not withdrawn their consent since, of all who have bought",
    "second_purchase": "people of the cohort (by month of the first purchase) with a second purchase day so far",
    "retention": "people of the cohort who bought in the month",
    "messages": "messages sent by channel",
    "opens": "openings by people for a message sent, by channel",
    "clicks": "clicks by people for a message sent, by channel",
    "cost": "cost of the channel (`silver.channel_costs`) for a message; of channels without messages the cost alone",
    "points_issued": "loyalty points given, less what returns took back",
    "points_redeemed": "loyalty points spent, less those given back, of the points issued",
    "first_visits": "people who came to the site for the first time, and by a mail, of those who came by one",
}
CENSORED = ("repeat_receipts", "repeat_purchases", "second_purchase", "retention")
WIDE = DecimalType(18, 2)


def month(day: str | Column) -> Column:
    """The first day of a day's month."""
    return F.date_trunc("month", F.col(day) if isinstance(day, str) else day).cast(DATE)


def row(metric: str, numerator: Column, denominator: Column | None = None) -> Column:
    """One metric: its name and what it is made of."""
    below = F.lit(None) if denominator is None else denominator
    return F.struct(
        F.lit(metric).alias("metric"),
        numerator.cast(WIDE).alias("numerator"),
        below.cast(WIDE).alias("denominator"),
    )


def rows(sums: DataFrame, grouping: str, member: Column, *metrics: Column) -> DataFrame:
    """Each metric of each row of sums by month, in the shape of the table."""
    each = sums.select("month", member.alias("member"), F.explode(F.array(*metrics)).alias("_each"))
    return each.select("month", F.lit(grouping).alias("grouping"), "member", "_each.*")


def cohort(first: str = "first_purchase_on") -> Column:
    """The month of the first purchase, such as `2024-03`."""
    return F.date_format(first, "yyyy-MM")
