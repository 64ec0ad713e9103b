"""One row per person and business date: the person as that day's close saw them.

Everybody of `gold.customer_totals`, with what ages: recency, scores, stage, what they will still buy. The scores are
the classic quintiles of recency, frequency and monetary value (Hughes, *Strategic Database Marketing*, 1994): 5 is the
best fifth of the people who have bought, 1 the weakest. A fifth is cut by rank, and equal values share the better
score, so a score never depends on how ties were broken. What a form says is the person's own word: of several forms
the last to arrive counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from pipelines.calc.rhythm import EARLY, LATE, ON_TIME, punctuality
from pipelines.gold import customer_totals as gold_customer_totals
from pipelines.gold import lifetime_models as gold_lifetime_models
from pipelines.gold import loyalty_ledger as gold_loyalty_ledger
from pipelines.gold.customer_outlook import CLASSES, STAGES, lifecycle_stage, omnichannel_class, with_outlook
from pipelines.gold.person_forms import last_forms
from pipelines.lakehouse.expectations import at_least, at_most, one_of
from pipelines.lakehouse.table import AS_OF, PERSON, Col, Input, Snapshot, Table
from pipelines.lakehouse.types import DOUBLE, INT, LONG, MONEY, STRING
from pipelines.silver import customers as silver_customers
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver import stores as silver_stores
from pipelines.silver.person_identifiers import current

POINTS = ("points_balance", "points_available")
SCORES = ("recency_score", "frequency_score", "monetary_score")
_KNOWN_AS = {"email": "email_since", "sms": "phone_since", "push": "push_since"}
_TOTALS = {column.name: column for column in gold_customer_totals.TABLE.columns}


def _told(*names: str) -> tuple[Col, ...]:
    """Columns that stand here as `gold.customer_totals` has them."""
    return tuple(_TOTALS[name] for name in names)


TABLE = Table(
    name="gold.customer_360",
    doc=__doc__,
    key=("as_of", "person_id"),
    scope=("as_of",),
    columns=(
        AS_OF,
        PERSON,
        Col(
            "identifier_types",
            ArrayType(STRING),
            "Types of what they are known by, such as `loyalty_card`, each once, in alphabetical order",
            nullable=False,
        ),
        Col("omnichannel_class", STRING, ", ".join(f"`{c}`" for c in CLASSES) + "; null: no purchase yet"),
        Col(
            "reachable_channels",
            ArrayType(STRING),
            "`email`, `sms`, `push`: an address is known, nobody withdrew consent, mails do not come back; the "
            "cheapest first; empty: none",
            nullable=False,
        ),
        Col("cheapest_channel", STRING, "The first of them; null: none"),
        *_told("email_since", "phone_since", "push_since"),
        *_told("email_withdrawn_on", "sms_withdrawn_on", "push_withdrawn_on", "email_bounced_on"),
        Col("gender", STRING, "As the form says; null: it does not"),
        Col("age", INT, "Whole years by the form's birth date; null: not given"),
        Col("age_band", STRING, "As the form says; null: it does not"),
        Col("kids_count", STRING, "As the form says; null: it does not"),
        Col("children_ages", ArrayType(INT), "Whole years of the children that the form names; null: none"),
        Col("region", STRING, "Of the favourite store; null: no such store, or not known"),
        *_told("favourite_store", "first_store"),
        *_told("first_purchase_on", "second_purchase_on", "last_purchase_on"),
        *_told("first_online_purchase_on", "last_online_purchase_on"),
        *_told("first_offline_purchase_on", "last_offline_purchase_on"),
        *_told("first_online_touch_on", "last_online_touch_on"),
        *_told("first_offline_touch_on", "last_offline_touch_on", "last_message_on"),
        Col("recency_days", INT, "Days from the last purchase to `as_of`; null: no purchase yet"),
        *_told("purchase_days", "receipts", "orders", "returns", "net_revenue", "online_revenue"),
        Col(
            "average_receipt",
            MONEY,
            "`net_revenue / (receipts + orders)`, rounded half up; null: no purchase yet",
        ),
        _TOTALS["discount"],
        Col("discount_share", DOUBLE, "`discount / (net_revenue + discount)`; null: nothing was paid"),
        Col("recency_score", INT, "Fifth by `recency_days`: 5 bought last, 1 longest ago; null: no purchase"),
        Col("frequency_score", INT, "Fifth by `receipts + orders`: 5 most, 1 fewest; null: no purchase"),
        Col("monetary_score", INT, "Fifth by `net_revenue`: 5 most, 1 least; null: no purchase"),
        Col("lifecycle_stage", STRING, ", ".join(f"`{s}`" for s in STAGES), nullable=False),
        Col(
            "interval_days", INT, "The person's own median interval; null: too few purchase days for a rhythm"
        ),
        Col("rhythm", STRING, f"`{EARLY}`, `{ON_TIME}` or `{LATE}` by that interval; null: no rhythm"),
        Col(
            "probability_alive",
            DOUBLE,
            "That they have not stopped buying (BG/NBD); null: no purchase, or pooled",
        ),
        Col("expected_purchases_90", DOUBLE, "Purchase days in the next 90 days; null: no purchase yet"),
        Col("expected_purchases_365", DOUBLE, "Purchase days in the next 365 days; null: no purchase yet"),
        Col("expected_value_90", MONEY, "What they come to (Gamma-Gamma); null: no purchase yet"),
        Col("expected_value_365", MONEY, "What they come to (Gamma-Gamma); null: no purchase yet"),
        *_told("last_rating", "last_rated_on"),
        Col("points_balance", LONG, "By `gold.loyalty_ledger`; 0: none, or no member", nullable=False),
        Col("points_available", LONG, "Of them those that can be spent by `as_of`", nullable=False),
    ),
    inputs=(
        gold_customer_totals.TABLE,
        Input(gold_lifetime_models.TABLE, whole=True),
        Input(silver_person_identifiers.TABLE, whole=True),
        Input(silver_customers.TABLE, whole=True),
        Input(silver_stores.TABLE, whole=True),
        Input(gold_loyalty_ledger.TABLE, whole=True),
    ),
    params=(
        *(f"lifecycle.{name}" for name in ("new_days", "min_purchase_days", "usual_interval_days")),
        *(f"lifecycle.{name}" for name in ("tolerance", "at_risk_after", "lapsed_after")),
        "reach.message_costs",
    ),
    expect=(
        at_least("recency_days", 0),
        at_least("probability_alive", 0),
        at_most("probability_alive", 1),
        one_of("omnichannel_class", CLASSES),
        one_of("lifecycle_stage", STAGES),
        *(rule for score in SCORES for rule in (at_least(score, 1), at_most(score, 5))),
    ),
    write=Snapshot(),
    version=3,  # 2: everybody with an address has a row, orders count; 3: points
)


def build(
    customer_totals: DataFrame,
    lifetime_models: DataFrame,
    person_identifiers: DataFrame,
    customers: DataFrame,
    stores: DataFrame,
    loyalty_ledger: DataFrame,
    *,
    as_of: date,
    new_days: int,
    min_purchase_days: int,
    usual_interval_days: int,
    tolerance: float,
    at_risk_after: float,
    lapsed_after: float,
    message_costs: Mapping[str, Decimal],
) -> DataFrame:
    """Totals with the columns that age, as of one date, and the forms."""
    regions = stores.select(F.col("store_id").alias("favourite_store"), "region")
    people = (
        customer_totals.withColumn("recency_days", F.date_diff(F.lit(as_of), "last_purchase_on").cast(INT))
        .withColumn("purchases", F.col("receipts") + F.col("orders"))
        .withColumn(
            "interval_days", F.when(F.col("purchase_days") >= min_purchase_days, F.col("interval_days"))
        )
        .join(_identifier_types(person_identifiers), on="person_id", how="left")
        .join(last_forms(person_identifiers, customers, as_of), on="person_id", how="left")
        .join(F.broadcast(regions), on="favourite_store", how="left")
        .join(_points(loyalty_ledger, as_of), on="person_id", how="left")
    )
    usual = F.coalesce("interval_days", F.lit(usual_interval_days))
    found = with_outlook(people, lifetime_models.where(F.col("as_of") == F.lit(as_of)))
    paid = F.col("net_revenue") + F.col("discount")
    return (
        found.withColumn("as_of", F.lit(as_of))
        .withColumn("reachable_channels", _reachable(message_costs))
        .withColumns(
            {
                "identifier_types": F.coalesce("identifier_types", F.array().cast(ArrayType(STRING))),
                **{name: F.coalesce(name, F.lit(0).cast(LONG)) for name in POINTS},
                "omnichannel_class": omnichannel_class(),
                "cheapest_channel": F.get("reachable_channels", F.lit(0)),
                "average_receipt": _over(F.col("net_revenue"), F.col("purchases"), F.col("purchases") > 0),
                "discount_share": F.when(paid > 0, F.col("discount").cast(DOUBLE) / paid.cast(DOUBLE)),
                "recency_score": _fifth(-F.col("recency_days")),
                "frequency_score": _fifth(F.col("purchases")),
                "monetary_score": _fifth(F.col("net_revenue")),
                "rhythm": punctuality(F.col("recency_days"), F.col("interval_days"), tolerance),
                "lifecycle_stage": lifecycle_stage(
                    usual, new_days=new_days, at_risk_after=at_risk_after, lapsed_after=lapsed_after
                ),
            }
        )
        .select(*TABLE.names)
    )


def _identifier_types(person_identifiers: DataFrame) -> DataFrame:
    known = current(person_identifiers).groupBy("person_id")
    return known.agg(F.array_sort(F.collect_set("identifier_type")).alias("identifier_types"))


def _points(loyalty_ledger: DataFrame, as_of: date) -> DataFrame:
    """`person_id` and `POINTS` at the close of the date."""
    points = F.col("points")
    spendable = F.when(F.col("available_on") <= F.lit(as_of), points).otherwise(0)
    entries = loyalty_ledger.where(F.col("occurred_on") <= F.lit(as_of)).groupBy("person_id")
    return entries.agg(*(F.sum(of).alias(name) for name, of in zip(POINTS, (points, spendable), strict=True)))


def _over(amount: Column, count: Column, where: Column) -> Column:
    return F.when(where, F.round(amount / F.when(where, count), 2)).cast(MONEY)


def _fifth(value: Column) -> Column:
    """5 for the largest fifth: `5 - floor(5 * better / n)`, `better` being the people who stand higher.

    Among those who have bought; null for others.
    """
    bought = F.col("purchases") > 0
    alike = Window.partitionBy("as_of", bought)
    better = F.rank().over(alike.orderBy(value.desc())) - 1
    return F.when(bought, (F.lit(5) - F.floor(5 * better / F.count(F.lit(1)).over(alike))).cast(INT))


def _reachable(message_costs: Mapping[str, Decimal]) -> Column:
    cheapest_first = sorted(message_costs, key=lambda channel: (message_costs[channel], channel))
    open_channels = []
    for channel in cheapest_first:
        reaches = F.col(_KNOWN_AS[channel]).isNotNull() & F.col(f"{channel}_withdrawn_on").isNull()
        if channel == "email":
            reaches &= F.col("email_bounced_on").isNull()
        open_channels.append(F.when(reaches, F.lit(channel)))
    return F.array_compact(F.array(*open_channels))
