"""How Spark brings the figures of the report together: as aggregates small enough for the driver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from pipelines.gold.send_list_blocks import BLOCKS
from pipelines.gold.send_reach import reachable
from pipelines.landing.files import SIMULATED
from pipelines.publish.releases import release_id
from pipelines.publish.report_data import (
    PERIOD_DAYS,
    WEEKS,
    BlockFill,
    Good,
    Period,
    ReportData,
    Score,
    Simulated,
    Source,
    Stage,
)

CATEGORIES = 10
MAILS_SHOWN = 3


def collect(
    *,
    as_of: date,
    currency: str,
    versions: Mapping[str, int],
    slots_per_block: int,
    kpi_daily: DataFrame,
    customer_totals: DataFrame,
    customer_360: DataFrame,
    reached: DataFrame,
    tacit: Mapping[str, Sequence[str]],
    receipt_lines: DataFrame,
    products: DataFrame,
    send_list: DataFrame,
    scores: Sequence[Score],
    reconciliation: DataFrame,
    files: DataFrame,
) -> ReportData:
    """Aggregate in Spark; what reaches the driver is a row a day, ten categories and three mails.

    Args:
        as_of: The business date.
        currency: ISO code of every amount.
        versions: The version of every table of the release, by name.
        slots_per_block: How many slots each block of a mail has.
        kpi_daily: `gold.kpi_daily`.
        customer_totals: `gold.customer_totals`.
        customer_360: `gold.customer_360` of `as_of`.
        reached: Of the same people, as `send_reach.reached` gives it.
        tacit: By channel, what counts there as consent of whoever said nothing.
        receipt_lines: `silver.receipt_lines`.
        products: `silver.products`.
        send_list: `gold.send_list` of `as_of`.
        scores: Models against baselines, in the order to show; empty without a trained model.
        reconciliation: `table, received, accepted, refused, duplicates`, one row per source.
        files: `bronze.files`.
    """
    known = kpi_daily.where(F.col("purchased_on") <= F.lit(as_of)).collect()  # one row a day
    days = [day for day in known if day.purchased_on > as_of - timedelta(7 * WEEKS)]
    first_day = min((day.purchased_on for day in known), default=None)
    span = timedelta(PERIOD_DAYS)
    before = _period(days, as_of - 2 * span + timedelta(1), as_of - span)
    weeks = tuple(_weeks(days, first_day, as_of)) if first_day else ()
    in_weeks = {week.first + timedelta(n) for week in weeks for n in range(7)}
    mails, blocks = _fill(send_list, slots_per_block)
    sources = reconciliation.orderBy("table").collect()  # one row a source
    return ReportData(
        as_of=as_of,
        currency=currency,
        release_id=release_id(as_of, versions),
        versions=dict(sorted(versions.items())),
        first_day=first_day,
        people=customer_totals.where(F.col("first_purchase_on").isNotNull()).count(),
        recent=_period(days, as_of - span + timedelta(1), as_of),
        before=before if first_day and first_day <= before.first else None,
        weeks=weeks,
        days_left_out=sum(day.purchased_on not in in_weeks for day in days),
        categories=_categories(receipt_lines, products, as_of),
        stages=_stages(customer_360, reached),
        tacit=tacit,
        mails=mails,
        blocks=blocks,
        scores=tuple(scores),
        excerpt=_excerpt(send_list),
        sources=tuple(Source(**row.asDict()) for row in sources),
        simulated=_simulated(files),
    )


def _period(days: Iterable[Row], first: date, last: date) -> Period:
    inside = [day for day in days if first <= day.purchased_on <= last]

    def total(column: str) -> Any:
        return sum(day[column] for day in inside)

    return Period(
        first,
        last,
        Decimal(total("net_revenue")),
        total("receipts"),
        _share(total("identified_receipts"), total("receipts")),
        _share(total("repeat_receipts"), total("identified_receipts")),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _weeks(days: Sequence[Row], first_day: date, as_of: date) -> Iterator[Period]:
    """Every whole week between the first day of the data and `as_of`, a week without a receipt too."""
    start = max(first_day, as_of - timedelta(7 * WEEKS - 1))
    monday = start + timedelta(-start.weekday() % 7)
    while monday + timedelta(6) <= as_of:
        yield _period(days, monday, monday + timedelta(6))
        monday += timedelta(7)


def _categories(
    receipt_lines: DataFrame, products: DataFrame, as_of: date
) -> tuple[tuple[str, Decimal], ...]:
    """The categories with most revenue lately; goods that the catalogue does not place are left out."""
    recent = F.col("purchased_on").between(F.lit(as_of - timedelta(PERIOD_DAYS - 1)), F.lit(as_of))
    best = (
        receipt_lines.where(recent)
        .join(products.select("product_id", "category"), on="product_id", how="inner")
        .where(F.col("category").isNotNull())
        .groupBy("category")
        .agg(F.sum("net_amount").alias("revenue"))
        .orderBy(F.desc("revenue"), "category")
        .limit(CATEGORIES)
    )
    return tuple((row.category, row.revenue) for row in best.collect())  # CATEGORIES rows


def _stages(customer_360: DataFrame, reached: DataFrame) -> tuple[Stage, ...]:
    known = customer_360.join(
        reached.select("person_id", reachable().alias("reachable")), on="person_id", how="left"
    )
    found = known.groupBy(F.col("lifecycle_stage").alias("stage")).agg(
        F.count(F.lit(1)).alias("people"),
        F.count_if("reachable").alias("reachable"),
        F.sum("expected_value_90").alias("expected_value"),
    )
    rows = found.orderBy(F.desc("people"), "stage").collect()  # a row a stage
    return tuple(Stage(**row.asDict()) for row in rows)


def _fill(send_list: DataFrame, slots_per_block: int) -> tuple[int, tuple[BlockFill, ...]]:
    mails = send_list.groupBy("person_id").agg(
        *(F.count_if(F.col("block") == block).alias(block) for block in BLOCKS)
    )
    found = mails.agg(
        F.count(F.lit(1)).alias("mails"),
        *(
            F.struct(
                F.count_if(F.col(block) > 0).alias("any"),
                F.count_if(F.col(block) >= slots_per_block).alias("full"),
                F.coalesce(F.sum(block), F.lit(0)).alias("slots"),
            ).alias(block)
            for block in BLOCKS
        ),
    ).collect()[0]  # one row
    return found.mails, tuple(
        BlockFill(block, found.mails, row["any"], row["full"], row["slots"], found.mails * slots_per_block)
        for block, row in ((block, found[block]) for block in BLOCKS)
    )


def _simulated(files: DataFrame) -> tuple[Simulated, ...]:
    """The sources with files whose name says that they are simulated."""
    name = F.element_at(F.split("file", "/"), -1)
    counted = files.groupBy("source").agg(
        F.count_if(F.contains(name, F.lit(SIMULATED))).alias("simulated"), F.count(F.lit(1)).alias("files")
    )
    rows = counted.where("simulated > 0").orderBy("source").collect()  # one row a source
    return tuple(Simulated(row.source, row.simulated, row.files) for row in rows)


def _excerpt(send_list: DataFrame) -> tuple[tuple[str, tuple[Good, ...]], ...]:
    """The first mails by person among those with something in most blocks."""
    chosen = (
        send_list.groupBy("person_id")
        .agg(F.count_distinct("block").alias("blocks"))
        .orderBy(F.desc("blocks"), "person_id")
        .limit(MAILS_SHOWN)
        .select("person_id")
    )
    mails: dict[str, list[Good]] = {}
    rows = send_list.join(chosen, on="person_id", how="left_semi").collect()  # of MAILS_SHOWN mails
    for row in sorted(rows, key=lambda row: (row.person_id, BLOCKS.index(row.block), row.slot)):
        mails.setdefault(row.person_id, []).append(Good(row.block, row.slot, row.title, row.reason))
    return tuple((person, tuple(goods)) for person, goods in mails.items())
