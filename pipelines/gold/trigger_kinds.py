"""What raises messages, kind by kind: no table, but the rows that `gold.trigger_candidates` is made of.

Each function gives the candidates of all triggers of its kind in one frame, `RAISED`: the trigger, its `occasion` (what
makes the candidate one and the same on every run), whose it is, when it happened, in which shop, and the goods that it
is about, best first. Kinds about goods stand in `trigger_goods`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from pipelines.calc.triggers.definitions import Trigger
from pipelines.calc.triggers.kinds import OnDate, OnReceipt, OnSegment, OnVisit
from pipelines.lakehouse.types import STRING, TIMESTAMP
from pipelines.silver.person_identifiers import IDENTIFIER, cards

RAISED = ("trigger", "occasion", "person_id", "occurred_at", "store_id", "products")
NAMES = ArrayType(STRING)
_EPOCH = date(1970, 1, 1)


def told(rows: DataFrame, each: Iterable[tuple[Trigger, Column]]) -> DataFrame:
    """The rows, once for every trigger whose condition is true of them, with its name as `trigger`."""
    fits = [F.when(condition, F.lit(trigger.name)) for trigger, condition in each]
    return rows.withColumn("trigger", F.explode(F.array_compact(F.array(*fits))))


def shaped(rows: DataFrame, *lacking: str) -> DataFrame:
    """The rows in the columns of `RAISED`; those that they lack are null."""
    types = {"occurred_at": TIMESTAMP, "products": NAMES}
    return rows.select(
        *(
            (F.lit(None) if name in lacking else F.col(name)).cast(types.get(name, STRING)).alias(name)
            for name in RAISED
        )
    )


def first_day(triggers: Iterable[Trigger], as_of: date) -> date:
    """The first day that any of their windows reaches."""
    return as_of - timedelta(max(trigger.window_days for trigger in triggers) - 1)


def within(day: str, trigger: Trigger, as_of: date) -> Column:
    """Whether a day lies in the trigger's window."""
    return F.col(day).between(F.lit(first_day([trigger], as_of)), F.lit(as_of))


def owned(facts: DataFrame, persons: DataFrame) -> DataFrame:
    """Facts with the `person_id` of their anchor; null: nobody knows whose they are."""
    whose = persons.select(F.col("person_id"), *(F.col(part).alias(f"_{part}") for part in IDENTIFIER))
    same = (F.col("anchor_type") == F.col("_identifier_type")) & (
        F.col("anchor_value") == F.col("_identifier_value")
    )
    return facts.join(whose, on=same, how="left")


def purchases(
    receipts: DataFrame,
    receipt_lines: DataFrame,
    orders: DataFrame,
    persons: DataFrame,
    triggers: Sequence[Trigger],
    as_of: date,
) -> DataFrame:
    """One row per trigger and receipt or order; one that nobody knows the owner of is there, too."""
    days = F.lit(first_day(triggers, as_of)), F.lit(as_of)
    bought = (
        receipt_lines.where(F.col("purchased_on").between(*days))
        .groupBy("receipt_id")
        .agg(F.array_sort(F.collect_set("product_id")).alias("products"))
    )
    anchor = ("anchor_type", "anchor_value", "store_id")
    tills = (
        receipts.where(F.col("purchased_on").between(*days) & (F.col("kind") == "sale"))
        .join(bought, on="receipt_id", how="left")
        .select(
            F.col("receipt_id").alias("occasion"),
            F.col("purchased_on").alias("day"),
            F.col("purchased_at").alias("occurred_at"),
            F.when(F.col("order_id").isNotNull(), F.lit("pick_up")).otherwise("shop").alias("side"),
            "products",
            *anchor,
        )
    )
    site = orders.where(F.col("ordered_on").between(*days) & ~F.col("is_cancelled")).select(
        F.concat(F.lit("order/"), "order_id").alias("occasion"),
        F.col("ordered_on").alias("day"),
        F.col("ordered_at").alias("occurred_at"),
        F.lit("site").alias("side"),
        F.lit(None).cast(NAMES).alias("products"),
        *anchor,
    )
    sides = {"shop": ("shop", "pick_up"), "pick_up": ("pick_up",), "site": ("site",)}
    conditions = [
        (each, F.col("side").isin(*sides[each.when.side]) & within("day", each, as_of))
        for each in triggers
        if isinstance(each.when, OnReceipt)
    ]
    return shaped(told(owned(tills.unionByName(site), persons), conditions))


def visits(sessions: DataFrame, persons: DataFrame, triggers: Sequence[Trigger], as_of: date) -> DataFrame:
    """One row per trigger and visit of a known person that ended without an order."""
    recent = sessions.where(
        F.col("ended_on").between(F.lit(first_day(triggers, as_of)), F.lit(as_of))
        & ~F.col("is_crawler")
        & (F.size("order_ids") == 0)
    )
    whose = owned(recent, persons).where(F.col("person_id").isNotNull())
    done = {
        "cart": F.size("cart_products") > 0,
        "view": (F.size("products") > 0) & (F.size("cart_products") == 0),
        "category": (F.size("categories") > 0) & (F.size("products") == 0) & (F.size("cart_products") == 0),
        "search": F.col("searches") > 0,
    }
    conditions = [
        (each, done[each.when.did] & within("ended_on", each, as_of))
        for each in triggers
        if isinstance(each.when, OnVisit)
    ]
    carted = F.size("cart_products") > 0
    visited = whose.withColumns(
        {
            "occasion": F.col("session_id"),
            "occurred_at": F.col("ended_at"),
            "products": F.when(carted, F.col("cart_products")).otherwise(F.col("products")),
        }
    )
    return shaped(told(visited, conditions), "store_id")


def of_segments(
    segment_members: DataFrame,
    everybody: DataFrame,
    triggers: Sequence[Trigger],
    as_of: date,
    close: datetime,
) -> DataFrame:
    """One row per trigger and person who entered the segment, or is in it on a day of the trigger's.

    Who is in a segment on the first date on which a run looked has not entered it. Of members, one in each span of
    `every_days`: the occasion is its first day.
    """
    inside = F.col("left_on").isNull() | (F.col("left_on") > F.lit(as_of))
    looked = segment_members.groupBy("segment").agg(F.min("entered_on").alias("_looked_on"))
    named = segment_members.where((F.col("entered_on") <= F.lit(as_of)) & inside).join(
        F.broadcast(looked), on="segment", how="inner"
    )
    today = F.lit(as_of)
    anybody = everybody.select(
        F.lit("").alias("segment"), "person_id", today.alias("entered_on"), today.alias("_looked_on")
    )
    people = named.select("segment", "person_id", "entered_on", "_looked_on").unionByName(anybody)
    conditions, since = [], F.col("entered_on")
    for each in triggers:
        if not isinstance(each.when, OnSegment):
            continue
        fits = F.col("segment") == F.lit(each.when.segment or "")
        if each.when.moment == "entered":
            new = F.col("entered_on") > F.col("_looked_on")
            conditions.append((each, fits & new & within("entered_on", each, as_of)))
        else:
            conditions.append((each, fits & F.lit(has_its_day(each.when, as_of))))
            began = F.lit(period(each.when.every_days, as_of))
            since = F.when(F.col("trigger") == each.name, began).otherwise(since)
    occasion = F.concat_ws("/", since.cast(STRING), "person_id")
    raised = told(people, conditions).withColumns({"occasion": occasion, "occurred_at": F.lit(close)})
    return shaped(raised, "store_id", "products")


def has_its_day(event: OnSegment, as_of: date) -> bool:
    """Whether members of the segment may be written to after the day."""
    weekday = not event.weekdays or as_of.isoweekday() in event.weekdays
    return weekday and (not event.days_of_month or as_of.day in event.days_of_month)


def period(every_days: int, as_of: date) -> date:
    """The first day of the span of so many days, counted from 1970-01-01, in which a day lies.

    >>> period(7, date(1970, 1, 9)).isoformat()
    '1970-01-08'
    """
    return as_of - timedelta((as_of - _EPOCH).days % every_days)


def dates(
    replenishment: DataFrame,
    customers: DataFrame,
    persons: DataFrame,
    triggers: Sequence[Trigger],
    as_of: date,
    close: datetime,
) -> DataFrame:
    """One row per trigger, person and date of theirs that has come."""
    first = first_day(triggers, as_of)
    last = as_of + timedelta(max(each.when.days_before for each in triggers if isinstance(each.when, OnDate)))
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    due = (
        replenishment.where(
            (F.col("as_of") == F.lit(as_of)) & F.col("next_due_on").between(F.lit(days[0]), F.lit(last))
        )
        .groupBy("person_id", F.col("next_due_on").alias("day"))
        .agg(F.array_sort(F.collect_list(F.struct("interval_days", "product_id"))).alias("_due"))
        .select(
            "person_id",
            "day",
            F.lit("replenishment").alias("date"),
            F.transform("_due", lambda each: each["product_id"]).alias("products"),
        )
    )
    forms = customers.join(cards(persons), on="loyalty_card", how="inner")
    nothing = F.lit(None).cast(NAMES).alias("products")
    joined = forms.where(F.col("joined_on").between(F.lit(days[0]), F.lit(last))).select(
        "person_id", F.col("joined_on").alias("day"), F.lit("joined").alias("date"), nothing
    )
    born = forms.select("person_id", F.explode("children").alias("born")).withColumn(
        "day", F.explode(F.array(*map(F.lit, days)))
    )
    same = (F.date_format("born", "MM-dd") == F.date_format("day", "MM-dd")) & (F.col("born") < F.col("day"))
    birthdays = born.where(same).select("person_id", "day", F.lit("child_birthday").alias("date"), nothing)
    found = due.unionByName(joined).unionByName(birthdays).distinct()
    conditions = [
        (
            each,
            (F.col("date") == each.when.date)
            & F.date_sub("day", each.when.days_before).between(F.lit(first_day([each], as_of)), F.lit(as_of)),
        )
        for each in triggers
        if isinstance(each.when, OnDate)
    ]
    occasion = F.concat_ws("/", F.col("day").cast(STRING), "person_id")
    dated = found.withColumns({"occasion": occasion, "occurred_at": F.lit(close)})
    return shaped(told(dated, conditions), "store_id")
