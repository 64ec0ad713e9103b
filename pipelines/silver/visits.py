"""From a visitor's events to their visits: where each begins, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.lakehouse.types import INT

CONVERSIONS = ("purchase", "subscribe")


def numbered(events: DataFrame, timeout_minutes: int) -> DataFrame:
    """The events that have a visitor, with it, and the number of their visit among the visitor's (`_visit`).

    An event begins a visit (`_starts`) when the one before it is more than `timeout_minutes` older, or there is
    none; a crawler's are told apart by day.
    """
    by_login = F.col("cookie").isNull()
    of_visitor = events.withColumns(
        {
            "visitor_type": F.when(by_login, F.lit("login")).otherwise(F.lit("cookie")),
            "visitor_value": F.coalesce("cookie", "login"),
            "_day": F.when(F.col("is_crawler"), F.col("occurred_on")),
        }
    ).where(F.col("visitor_value").isNotNull())
    in_order = Window.partitionBy("visitor_type", "visitor_value", "is_crawler", "_day").orderBy(
        "occurred_at", "event_id"
    )
    pause = F.unix_micros("occurred_at") - F.unix_micros(F.lag("occurred_at").over(in_order))
    starts = F.coalesce(pause > timeout_minutes * 60_000_000, F.lit(True))
    so_far = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return of_visitor.withColumn("_starts", starts).withColumn(
        "_visit", F.sum(F.col("_starts").cast(INT)).over(so_far)
    )


def summed(events: DataFrame) -> DataFrame:
    """One row per visit of `numbered` events: what it came to, not yet named.

    Beside the columns of `silver.web_events` it reads `_tagged` and `_referred`, what an event says of its
    source, and `_rank`, the place of its anchor. Ties within an instant break by the event's id.
    """
    order = F.struct("occurred_at", "event_id")
    kind = F.col("kind")
    pages = F.count_if(kind == "page_view")
    goods = F.transform("lines", lambda each: each["product_id"])
    return events.groupBy("visitor_type", "visitor_value", "is_crawler", "_day", "_visit").agg(
        F.min("occurred_at").alias("started_at"),
        F.max("occurred_at").alias("ended_at"),
        _first(F.struct("anchor_type", "anchor_value"), F.struct("_rank", order), F.col("_rank")).alias(
            "_anchor"
        ),
        _first(F.col("_tagged"), order).alias("_tagged"),
        _first(F.when(F.col("_starts"), F.col("_referred")), order).alias("_referred"),
        _first(F.col("mail_link_id"), order).alias("mail_link_id"),
        _first(F.col("url"), order).alias("landing_page"),
        _first(F.col("device"), order).alias("device"),
        _first(F.col("region"), order).alias("region"),
        F.count(F.lit(1)).cast(INT).alias("events"),
        F.when(pages > 0, pages)
        .otherwise(F.count_if(kind.isin("category_view", "product_view")))
        .cast(INT)
        .alias("page_views"),
        F.count_if(kind.isin(*CONVERSIONS)).alias("_conversions"),
        F.count_if(kind == "search").cast(INT).alias("searches"),
        F.count_if(kind == "cart").cast(INT).alias("carts"),
        _each(F.when(kind == "product_view", goods)).alias("products"),
        F.array_sort(F.collect_set("category_id")).alias("categories"),
        _each(F.when(kind == "cart", goods)).alias("cart_products"),
        F.array_sort(F.collect_set("order_id")).alias("order_ids"),
    )


def _first(value: Column, order: Column, given: Column | None = None) -> Column:
    """The first value of a group that is there, by a total order."""
    there = (value if given is None else given).isNotNull()
    return F.min_by(value, F.when(there, order))


def _each(names: Column) -> Column:
    """Each name of a group's lists once, in order."""
    return F.array_sort(F.array_distinct(F.flatten(F.collect_list(names))))


def rank(anchors: Sequence[str]) -> Column:
    """The place of an event's anchor among the settings'; null: anonymous."""
    place = F.array_position(F.array(*map(F.lit, anchors)), F.col("anchor_type"))
    return F.when(place > 0, place)
