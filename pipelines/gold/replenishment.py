"""One row per business date, person and product bought as a habit: its usual interval, when it is due next, and why.

A habit is a product that may be offered, bought on at least `min_purchase_days` different days, the first and the last
of them `min_span_days` apart. A daily snapshot, since a chance to be bought again ages with every day. Intervals, dates
and chances are those of the champion of `replenishment`. Without one the interval is the median of the days between
purchases, the due date the last purchase plus the interval, and `model_version` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.gold import product_days as gold_product_days
from pipelines.lakehouse.expectations import at_least, in_order
from pipelines.lakehouse.table import AS_OF, PERSON, Col, Snapshot, Table
from pipelines.lakehouse.types import DATE, DOUBLE, INT, QUANTITY, STRING
from pipelines.models.kept import Loaded
from pipelines.models.replenishment.learned import Learned, ReplenishmentParams
from pipelines.models.replenishment.score import foreseen, purchases
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver import products as silver_products

RULE = "replenishment rule"

TABLE = Table(
    name="gold.replenishment",
    doc=__doc__,
    key=("as_of", "person_id", "product_id"),
    scope=("as_of",),
    columns=(
        AS_OF,
        PERSON,
        Col("product_id", STRING, "The good", nullable=False),
        Col("purchase_days", INT, "Number of different days it was bought on", nullable=False),
        Col("interval_days", INT, "Usual days between purchases, at least 1", nullable=False),
        Col("usual_quantity", QUANTITY, "Mean quantity on a purchase day, to a thousandth", nullable=False),
        Col("last_purchase_on", DATE, "The last of those days", nullable=False),
        Col(
            "due_from",
            DATE,
            "A tenth of such habits are bought again before; the rule: when due",
            nullable=False,
        ),
        Col("next_due_on", DATE, "`last_purchase_on + interval_days`", nullable=False),
        Col(
            "due_until",
            DATE,
            "Nine tenths of such habits are bought again until then; the rule: an interval late",
            nullable=False,
        ),
        Col("chance_7", DOUBLE, "Chance to be bought within 7 days after the date; null: by the rule"),
        Col("chance_14", DOUBLE, "Likewise within 14 days"),
        Col("reason", STRING, "What a customer would understand", nullable=False),
        Col(
            "model_version",
            STRING,
            f"`replenishment/3`; `{RULE}` where no model has a champion",
            nullable=False,
        ),
    ),
    inputs=(gold_product_days.TABLE, silver_person_identifiers.TABLE, silver_products.TABLE),
    models=("replenishment",),
    params=(
        "replenishment.min_purchase_days",
        "replenishment.min_span_days",
        "catalogue.never_offered",
    ),
    expect=(
        at_least("purchase_days", 2),
        at_least("interval_days", 1),
        in_order("last_purchase_on", "due_from"),
        in_order("due_from", "next_due_on"),
        in_order("next_due_on", "due_until"),
    ),
    write=Snapshot(),
)


def build(
    product_days: DataFrame,
    person_identifiers: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    replenishment: Loaded[Learned] | None,
    min_purchase_days: int,
    min_span_days: int,
    never_offered: Sequence[str],
) -> DataFrame:
    """Everybody's habits from the days on which they bought each good.

    Args:
        product_days: Everybody's days.
        person_identifiers: Whose each identifier is.
        products: The whole catalogue: a good that it lacks is no habit.
        as_of: The last day that is known.
        replenishment: The champion, or null.
        min_purchase_days: Of fewer different days a habit is none.
        min_span_days: Of days all of which lie closer together a habit is none.
        never_offered: Departments whose goods are no habits.
    """
    bought = purchases(product_days, person_identifiers, products, as_of=as_of, never_offered=never_offered)
    params = ReplenishmentParams(min_purchase_days, min_span_days)
    if replenishment is None:
        found, version = _by_rule(bought, params), RULE
    else:
        found = foreseen(bought, as_of=as_of, learned=replenishment.model, params=params)
        version = replenishment.label
    said = F.format_string(
        "You buy this about every %d days; the last time was on %s.",
        F.col("interval_days"),
        F.date_format("last_purchase_on", "d MMMM"),
    )
    return found.withColumns(
        {
            "as_of": F.lit(as_of),
            "usual_quantity": F.round("quantity", 3).cast(QUANTITY),
            "reason": said,
            "model_version": F.lit(version),
        }
    ).select(*TABLE.names)


def _by_rule(bought: DataFrame, params: ReplenishmentParams) -> DataFrame:
    """The median of the days between purchases, rounded half up."""
    days = bought.groupBy("person_id", "product_id", "purchased_on").agg(F.sum("quantity").alias("quantity"))
    habits = (
        days.where(F.col("quantity") > 0)
        .groupBy("person_id", "product_id")
        .agg(F.array_sort(F.collect_list("purchased_on")).alias("days"), F.avg("quantity").alias("quantity"))
        .where(F.size("days") >= params.min_purchase_days)
        .where(F.date_diff(F.element_at("days", -1), F.get("days", F.lit(0))) >= params.min_span_days)
    )
    places = F.sequence(F.lit(1), F.size("days") - 1)
    gaps = F.array_sort(F.transform(places, lambda i: F.date_diff(F.get("days", i), F.get("days", i - 1))))
    halves = (F.size("gaps") - 1) / 2, F.size("gaps") / 2
    lower, upper = (F.get("gaps", F.floor(half).cast(INT)) for half in halves)
    due = F.date_add("last_purchase_on", F.col("interval_days"))
    return (
        habits.withColumn("gaps", gaps)
        .withColumn("interval_days", F.floor((lower + upper) / 2 + 0.5).cast(INT))
        .withColumn("last_purchase_on", F.element_at("days", -1))
        .withColumns(
            {
                "purchase_days": F.size("days"),
                "due_from": due,
                "next_due_on": due,
                "due_until": F.date_add("last_purchase_on", 2 * F.col("interval_days")),
                "chance_7": F.lit(None).cast(DOUBLE),
                "chance_14": F.lit(None).cast(DOUBLE),
            }
        )
    )
