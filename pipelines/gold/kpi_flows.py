"""What happened in each month: the metrics of `gold.kpi_monthly` that are counted within it."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.gold.customer_outlook import omnichannel_class
from pipelines.gold.kpi_metrics import cohort, month, row, rows
from pipelines.gold.loyalty_events import REDEMPTION, REFUND
from pipelines.gold.loyalty_ledger import EXPIRY
from pipelines.gold.touchpoints import message_channel, of_persons

UNIDENTIFIED, RETURNS_ONLY, MAIL = "unidentified", "no_purchase", "Email"


def flows(
    days: DataFrame,
    touches: DataFrame,
    person_identifiers: DataFrame,
    customer_totals: DataFrame,
    journeys: DataFrame,
    channel_costs: DataFrame,
    loyalty_ledger: DataFrame,
) -> tuple[DataFrame, ...]:
    """What happened in each month."""
    totals = _totals(days)
    owned = of_persons(touches, person_identifiers)
    people = _people(owned, customer_totals, journeys)
    return (
        rows(
            totals,
            "all",
            F.lit("all"),
            row("offline_share", F.col("receipts"), F.col("receipts") + F.col("orders")),
            row("identified_receipts", F.col("identified_receipts"), F.col("receipts")),
            row("identified_revenue", F.col("identified_revenue"), F.col("net_revenue")),
            row("repeat_receipts", F.col("repeat_receipts"), F.col("identified_receipts")),
        ),
        _by_identifier(touches, totals),
        _by_class(people, totals),
        _retention(people, customer_totals),
        _messages(touches, channel_costs),
        _first_visits(owned, customer_totals),
        _points(loyalty_ledger),
    )


def _totals(days: DataFrame) -> DataFrame:
    summed = (
        "receipts",
        "orders",
        "identified_receipts",
        "repeat_receipts",
        "net_revenue",
        "identified_revenue",
        "online_revenue",
    )
    return days.groupBy(month("purchased_on").alias("month")).agg(*(F.sum(c).alias(c) for c in summed))


def _by_identifier(touches: DataFrame, totals: DataFrame) -> DataFrame:
    at_tills = touches.where(F.col("kind").isin("sale", "return"))
    sums = at_tills.groupBy(month("touched_on").alias("month"), "identifier_type").agg(
        F.count_if(F.col("kind") == "sale").alias("found"), F.sum("net_amount").alias("paid")
    )
    beside = sums.join(totals.select("month", "receipts", "net_revenue"), on="month", how="inner")
    return rows(
        beside,
        "identifier_type",
        F.col("identifier_type"),
        row("identified_receipts", F.col("found"), F.col("receipts")),
        row("identified_revenue", F.col("paid"), F.col("net_revenue")),
    )


def _people(owned: DataFrame, customer_totals: DataFrame, journeys: DataFrame) -> DataFrame:
    """One row per person and month with a purchase or return: `revenue, purchases, repeats, touches, ropo, class`."""
    paid = (
        owned.where(F.col("net_amount").isNotNull())
        .groupBy("person_id", month("touched_on").alias("month"))
        .agg(F.sum("net_amount").alias("revenue"))
    )
    led = journeys.groupBy("person_id", month("purchased_on").alias("month")).agg(
        F.count(F.lit(1)).alias("purchases"),
        F.count_if("is_repeat").alias("repeats"),
        F.sum("touches").alias("touches"),
        F.count_if("is_ropo").alias("ropo"),
    )
    dates = customer_totals.select(
        "person_id", "first_purchase_on", "first_online_purchase_on", "first_offline_purchase_on"
    )
    known = paid.join(led, on=["person_id", "month"], how="left").join(dates, on="person_id", how="inner")
    counts = {c: F.coalesce(c, F.lit(0)) for c in ("purchases", "repeats", "touches", "ropo")}
    at_end = omnichannel_class(F.last_day("month"))
    return known.withColumns(counts).withColumn("class", F.coalesce(at_end, F.lit(RETURNS_ONLY)))


def _by_class(people: DataFrame, totals: DataFrame) -> DataFrame:
    summed = ("revenue", "purchases", "repeats", "touches", "ropo")
    classes = people.groupBy("month", "class").agg(
        *(F.sum(c).alias(c) for c in summed), F.count_if(F.col("purchases") > 0).alias("buyers")
    )
    whole = totals.select(
        "month",
        (F.col("net_revenue") + F.col("online_revenue")).alias("all_revenue"),
        (F.col("receipts") + F.col("orders")).alias("all_purchases"),
    )
    known = classes.groupBy("month").agg(
        F.sum("revenue").alias("known_revenue"), F.sum("purchases").alias("known_purchases")
    )
    rest = whole.join(known, on="month", how="left").select(
        "month",
        F.lit(UNIDENTIFIED).alias("class"),
        (F.col("all_revenue") - F.coalesce("known_revenue", F.lit(0))).alias("revenue"),
        (F.col("all_purchases") - F.coalesce("known_purchases", F.lit(0))).alias("purchases"),
        "all_revenue",
    )
    revenue, purchases = F.col("revenue"), F.col("purchases")
    shown = (row("revenue", revenue, F.col("all_revenue")), row("average_receipt", revenue, purchases))
    return rows(rest, "class", F.col("class"), *shown).unionByName(
        rows(
            classes.join(whole, on="month", how="inner"),
            "class",
            F.col("class"),
            *shown,
            row("spend", revenue, F.col("buyers")),
            row("repeat_purchases", F.col("repeats"), purchases),
            row("touches", F.col("touches"), purchases),
            row("ropo", F.col("ropo"), purchases),
        )
    )


def _retention(people: DataFrame, customer_totals: DataFrame) -> DataFrame:
    sizes = customer_totals.groupBy(cohort().alias("cohort")).agg(F.count(F.lit(1)).alias("size"))
    active = (
        people.where("purchases > 0")
        .groupBy("month", cohort().alias("cohort"))
        .agg(F.count(F.lit(1)).alias("active"))
        .join(sizes, on="cohort", how="inner")
    )
    return rows(active, "cohort", F.col("cohort"), row("retention", F.col("active"), F.col("size")))


def _messages(touches: DataFrame, channel_costs: DataFrame) -> DataFrame:
    """By channel; of a channel that costs something without messages the cost stands alone."""

    def people(kind: str) -> Column:
        return F.count_if((F.col("kind") == kind) & ~F.col("is_machine"))

    sent = (
        touches.where(F.col("kind").isin("sent", "opened", "clicked"))
        .groupBy(month("touched_on").alias("month"), message_channel().alias("channel"))
        .agg(
            people("sent").alias("sent"), people("opened").alias("opened"), people("clicked").alias("clicked")
        )
    )
    costs = channel_costs.groupBy(month("spent_on").alias("month"), "channel").agg(
        F.sum("cost").alias("cost"), F.sum("messages").alias("messages")
    )
    told = rows(
        sent,
        "channel",
        F.col("channel"),
        row("messages", F.col("sent")),
        row("opens", F.col("opened"), F.col("sent")),
        row("clicks", F.col("clicked"), F.col("sent")),
    )
    return told.unionByName(
        rows(costs, "channel", F.col("channel"), row("cost", F.col("cost"), F.col("messages")))
    )


def _points(loyalty_ledger: DataFrame) -> DataFrame:
    spent = F.col("kind").isin(REDEMPTION, REFUND)
    sums = (
        loyalty_ledger.where(F.col("kind") != EXPIRY)
        .groupBy(month("occurred_on").alias("month"))
        .agg(
            F.sum(F.when(~spent, F.col("points")).otherwise(0)).alias("issued"),
            F.sum(F.when(spent, -F.col("points")).otherwise(0)).alias("redeemed"),
        )
    )
    issued, redeemed = F.col("issued"), F.col("redeemed")
    return rows(
        sums, "all", F.lit("all"), row("points_issued", issued), row("points_redeemed", redeemed, issued)
    )


def _first_visits(owned: DataFrame, customer_totals: DataFrame) -> DataFrame:
    by_mail = owned.where((F.col("kind") == "session") & (F.col("channel") == MAIL) & ~F.col("is_machine"))
    came = by_mail.select("person_id", month("touched_on").alias("month")).distinct()
    firsts = customer_totals.select(
        "person_id", "first_visit_channel", month("first_visit_on").alias("first")
    )
    is_first = (F.col("first") == F.col("month")) & (F.col("first_visit_channel") == MAIL)
    sums = (
        came.join(firsts, on="person_id", how="inner")
        .groupBy("month")
        .agg(F.count_if(is_first).alias("found"), F.count(F.lit(1)).alias("people"))
    )
    return rows(sums, "all", F.lit("all"), row("first_visits", F.col("found"), F.col("people")))
