"""A person's touches brought together: by day and shop, then as a whole. The arithmetic of `gold.customer_totals`."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.calc.rhythm import gaps, median_days
from pipelines.calc.stamped import DIGITS, digits, stamped, value_of
from pipelines.calc.time import business_date
from pipelines.gold.touchpoints import EMAIL, OFFLINE, ONLINE, is_purchase, message_channel
from pipelines.lakehouse.types import INT, LONG, MONEY, STRING

_MOST_CENTS = 10**17
_LIKING = 2 * DIGITS + len("2024-03-01")  # characters before the shop
_KNOWN_AS = {"email": "email", "phone": "phone", "push_token": "push"}


def by_day(touches: DataFrame) -> DataFrame:
    """One row per person, business day and shop (null: none) of people's touches, with what `by_person` takes.

    Args:
        touches: `gold.touchpoints` with `person_id`.
    """
    kind, at = F.col("kind"), F.col("touched_at")
    sale, bought = kind == "sale", is_purchase()
    ordered = (kind == "order") | (sale & F.col("order_id").isNotNull())
    mailed = message_channel() == EMAIL
    return (
        touches.where(~F.col("is_machine"))
        .groupBy("person_id", "touched_on", "store_id")
        .agg(
            F.max(bought).alias("bought"),
            F.max(ordered).alias("ordered"),
            F.count_if(sale).alias("receipts"),
            F.count_if(kind == "return").alias("returns"),
            F.count_if(bought & (kind == "order")).alias("orders"),
            _sum("net_amount").alias("net"),
            _sum("net_amount", kind == "order").alias("online_net"),
            _sum("net_amount", bought).alias("sales"),
            _sum("discount_amount").alias("discount"),
            F.max(F.col("side") == ONLINE).alias("online"),
            F.max(F.col("side") == OFFLINE).alias("offline"),
            F.max(kind == "sent").alias("messaged"),
            F.min(F.when(sale, stamped("touched_at", F.col("store_id")))).alias("first_sale"),
            F.min(F.when(kind == "session", stamped("touched_at", F.col("channel")))).alias("first_visit"),
            F.max(F.when(kind == "rated", stamped("touched_at", F.col("stars")))).alias("last_rating"),
            F.max(F.when((kind == "bounced") & mailed, at)).alias("bounced_at"),
            F.max(F.when(kind.isin("opened", "clicked") & mailed, at)).alias("read_at"),
        )
    )


def _sum(amount: str, where: Column | None = None) -> Column:
    value = F.coalesce(amount, F.lit(0).cast(MONEY))
    return F.sum(value if where is None else F.when(where, value).otherwise(F.lit(0).cast(MONEY))).cast(MONEY)


def by_person(days: DataFrame) -> DataFrame:
    """One row per person: the columns of `gold.customer_totals` that touches tell, and `returns`."""
    day = F.col("touched_on")
    bought = F.when(F.col("bought"), day)
    first = F.min(bought).over(Window.partitionBy("person_id"))
    sold, ordered = F.when(F.col("receipts") > 0, day), F.when(F.col("ordered"), day)
    on, off = F.when(F.col("online"), day), F.when(F.col("offline"), day)
    on_first = F.col("touched_on") == F.col("_first")
    store = Window.partitionBy("person_id", "store_id")
    cents = (F.sum("net").over(store) * 100).cast(LONG)
    liking = F.concat(
        digits(F.sum("receipts").over(store)),
        digits(cents + _MOST_CENTS),  # never negative, so that its text sorts
        F.max("touched_on").over(store).cast(STRING),
        "store_id",
    )
    days = days.withColumn("_first", first).withColumn("_liking", F.when(F.col("receipts") > 0, liking))
    sums = days.groupBy("person_id").agg(
        F.max("_liking").alias("_favourite"),
        F.array_sort(F.collect_set(bought)).alias("_days"),
        *(F.sum(name).cast(INT).alias(name) for name in ("receipts", "returns", "orders")),
        F.sum(F.when(on_first, F.col("receipts")).otherwise(0)).cast(INT).alias("first_day_receipts"),
        F.sum("net").cast(MONEY).alias("net_revenue"),
        F.sum("online_net").cast(MONEY).alias("online_revenue"),
        F.sum(F.when(on_first, F.lit(0).cast(MONEY)).otherwise(F.col("sales")))
        .cast(MONEY)
        .alias("repeat_sales"),
        F.sum("discount").cast(MONEY).alias("discount"),
        F.min(ordered).alias("first_online_purchase_on"),
        F.max(ordered).alias("last_online_purchase_on"),
        F.min(sold).alias("first_offline_purchase_on"),
        F.max(sold).alias("last_offline_purchase_on"),
        F.min(on).alias("first_online_touch_on"),
        F.max(on).alias("last_online_touch_on"),
        F.min(off).alias("first_offline_touch_on"),
        F.max(off).alias("last_offline_touch_on"),
        F.max(F.when(F.col("messaged"), day)).alias("last_message_on"),
        F.min("first_sale").alias("_first_sale"),
        F.min(F.when(F.col("first_visit").isNotNull(), day)).alias("first_visit_on"),
        F.min("first_visit").alias("_first_visit"),
        F.max(F.when(F.col("last_rating").isNotNull(), day)).alias("last_rated_on"),
        F.max("last_rating").alias("_last_rating"),
        F.max("bounced_at").alias("_bounced_at"),
        F.max(F.when(F.col("bounced_at").isNotNull(), day)).alias("_bounced_on"),
        F.max("read_at").alias("_read_at"),
    )
    return _finished(sums)


def _finished(sums: DataFrame) -> DataFrame:
    days = F.col("_days")
    unread = F.col("_read_at").isNull() | (F.col("_read_at") < F.col("_bounced_at"))
    return (
        sums.withColumn("_gaps", gaps(days))
        .withColumn("_sorted_gaps", F.array_sort("_gaps"))
        .withColumns(
            {
                "first_purchase_on": F.get(days, F.lit(0)),
                "second_purchase_on": F.get(days, F.lit(1)),
                "last_purchase_on": F.array_max(days),
                "purchase_days": F.size(days),
                "interval_days": median_days(F.col("_sorted_gaps")),
                "last_gap_days": F.element_at("_gaps", -1),
                "favourite_store": F.expr(f"substring(_favourite, {_LIKING + 1})"),
                "first_store": value_of("_first_sale"),
                "first_visit_channel": value_of("_first_visit"),
                "last_rating": value_of("_last_rating").cast(INT),
                "email_bounced_on": F.when(unread, F.col("_bounced_on")),
            }
        )
    )


def known_since(person_identifiers: DataFrame, time_zone: str) -> DataFrame:
    """`person_id, email_since, phone_since, push_since`: first business day on which one now theirs was known as such.

    People without any of them have no row.
    """
    owned = person_identifiers.where(
        F.col("person_id").isNotNull() & F.col("identifier_type").isin(*_KNOWN_AS)
    )
    each = owned.groupBy("person_id", "identifier_type", "identifier_value").agg(
        F.min("valid_from").alias("since"), F.max(F.col("valid_to").isNull()).alias("holds")
    )
    return (
        each.where("holds")
        .groupBy("person_id")
        .agg(
            *(
                F.min(
                    F.when(F.col("identifier_type") == kind, business_date(F.col("since"), time_zone))
                ).alias(f"{name}_since")
                for kind, name in _KNOWN_AS.items()
            )
        )
    )
