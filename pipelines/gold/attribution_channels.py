"""One row per date, model and channel: what the channel earned by the model, and how many purchases saw it.

*Attributed* is additive: of each model, `purchases` and `value` sum over the channels, `Unattributed` included, to
those of the period, the last `attribution.report_days` days. *Influenced* is not: a purchase counts for every channel
that it saw. Neither says what a channel caused; that is `gold.experiment_results`, against people who were left out.

A daily snapshot, since a chain leans on every path. Sums by bucket of customers are taken where the rows are, and only
observed transitions are brought together; intervals are the bootstrap over customers (`calc.attribution.bootstrap`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from pipelines.calc.attribution.bootstrap import BUCKETS, Spread, spreads
from pipelines.calc.attribution.finish import Credit, credits
from pipelines.calc.attribution.journeys import SECOND, Windows, journeys
from pipelines.calc.attribution.rules import Choices
from pipelines.calc.attribution.sums import SEEN, SUMMED, TOUCHES_AT_ONCE, Plan, seen, sums
from pipelines.calc.money import CENT, rounded
from pipelines.gold import attribution as gold_attribution
from pipelines.gold import purchases as gold_purchases
from pipelines.gold import touchpoints as gold_touchpoints
from pipelines.gold.attribution_events import DIRECT, EVENTS, events_by_buyer
from pipelines.lakehouse.expectations import at_least, at_most
from pipelines.lakehouse.table import AS_OF, Col, Snapshot, Table
from pipelines.lakehouse.types import DOUBLE, INT, LONG, MONEY, STRING
from pipelines.silver import campaigns as silver_campaigns
from pipelines.silver import person_identifiers as silver_person_identifiers

TABLE = Table(
    name="gold.attribution_channels",
    doc=__doc__,
    key=("as_of", "model", "channel"),
    scope=("as_of",),
    columns=(
        AS_OF,
        Col("model", STRING, "A rule, `shapley`, or `markov_` and its order", nullable=False),
        Col("channel", STRING, "As `conf/channels.yaml` names it, or `Unattributed`", nullable=False),
        Col("purchases", DOUBLE, "Attributed: purchases, in fractions", nullable=False),
        Col("purchases_low", DOUBLE, "Of the 95 % interval; null: a rule that no model was fitted for"),
        Col("purchases_high", DOUBLE, "Its other end"),
        Col("value", MONEY, "Attributed: net revenue, in the business's currency", nullable=False),
        Col("value_low", DOUBLE, "Of the 95 % interval; null as `purchases_low`"),
        Col("value_high", DOUBLE, "Its other end"),
        Col("removal_effect", DOUBLE, "Share of purchases lost without the channel; null: not of a chain"),
        Col(
            "influenced_purchases",
            LONG,
            "Influenced: purchases that saw the channel; not additive",
            nullable=False,
        ),
        Col("influenced_value", MONEY, "Influenced: their net revenue; not additive", nullable=False),
    ),
    inputs=(
        silver_person_identifiers.TABLE,
        silver_campaigns.TABLE,
        gold_touchpoints.TABLE,
        gold_purchases.TABLE,
    ),
    params=(
        *gold_attribution.TABLE.params,
        "attribution.order",
        "attribution.report_days",
        "attribution.replicates",
    ),
    expect=(at_least("removal_effect", 0), at_most("removal_effect", 1), at_least("influenced_purchases", 0)),
    write=Snapshot(),
)

WHOLE = -1
"""The bucket of what is summed over everybody at once."""
_SUMS = "bucket int, model string, key string, " + ", ".join(f"{name} decimal(38, 15)" for name in SUMMED)
_ROWS = ", ".join(f"{column.name} {column.type.simpleString()}" for column in TABLE.columns[1:])
_SCHEMA = to_arrow_schema(StructType(TABLE.schema.fields[1:]))


def build(
    person_identifiers: DataFrame,
    campaigns: DataFrame,
    touchpoints: DataFrame,
    purchases: DataFrame,
    *,
    as_of: date,
    models: Sequence[str],
    touches: Mapping[str, Sequence[str]],
    window_seconds: int,
    windows: Mapping[str, int],
    half_life_days: float,
    post_click: Sequence[str],
    order: int,
    report_days: int,
    replicates: int,
) -> DataFrame:
    """The credits of the period's purchases, by channel."""
    lists = events_by_buyer(person_identifiers, campaigns, touchpoints, purchases, purchases, as_of, touches)
    choices = Choices(half_life_days, DIRECT, tuple(post_click))
    plan = Plan(tuple(dict.fromkeys((*models, "shapley"))), (order,), choices=choices)
    lasting, first_day = Windows(window_seconds, dict(windows)), as_of - timedelta(report_days - 1)

    def summed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for held in _held(batches):
            yield from _sums(held, plan, lasting, first_day).to_batches()

    def finished(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            entries = pc.list_flatten(batch.column("sums"))
            table = pa.Table.from_arrays(entries.flatten(), [field.name for field in entries.type])
            yield from _finished(table, plan, replicates).to_batches()

    dealt = lists.withColumn("bucket", F.pmod(F.xxhash64("buyer"), F.lit(BUCKETS)).cast(INT))
    parts = dealt.select("bucket", EVENTS).mapInArrow(summed, _SUMS)
    by_bucket = parts.groupBy("bucket", "model", "key").agg(*(F.sum(name).alias(name) for name in SUMMED))
    sums_ = F.collect_list(F.struct("bucket", "model", "key", *SUMMED)).alias("sums")
    rows = by_bucket.agg(sums_).mapInArrow(finished, _ROWS)  # observed transitions, by bucket
    return rows.withColumn("as_of", F.lit(as_of)).select(*TABLE.names)


def _held(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches of some two million entries."""
    held: list[pa.RecordBatch] = []
    entries = 0
    for batch in batches:
        held.append(batch)
        entries += len(pc.list_flatten(batch.column(EVENTS)))
        if entries >= TOUCHES_AT_ONCE:
            yield pa.Table.from_batches(held)
            held, entries = [], 0
    if held:
        yield pa.Table.from_batches(held)


def _sums(people: pa.Table, plan: Plan, windows: Windows, first_day: date) -> pa.Table:
    """Every rule's sums over everybody, and by bucket those that intervals are drawn from."""
    people = people.combine_chunks()
    lists = people[EVENTS].chunk(0) if people.num_rows else pa.array([], people[EVENTS].type)
    paths = journeys(lists, windows)
    paths = paths.filter(_in_period(paths, pc.list_flatten(lists), first_day))
    buckets = people["bucket"].take(paths["buyer"])
    parts = [(WHOLE, sums(paths, plan)), (WHOLE, seen(paths))]
    drawn = Plan(("shapley",), plan.orders, choices=plan.choices)
    parts += [
        (bucket, sums(paths.filter(pc.equal(buckets, bucket)), drawn))
        for bucket in pc.unique(buckets).to_pylist()
    ]
    return pa.concat_tables(
        table.add_column(0, "bucket", pa.array(np.full(len(table), bucket, np.int32)))
        for bucket, table in parts
    )


def _in_period(paths: pa.Table, entries: pa.StructArray, first_day: date) -> pa.ChunkedArray:
    """Purchases of the period, and null paths whose last touch is of it."""
    bought = pc.greater_equal(entries.field("day").take(paths["purchase"]), pa.scalar(first_day))
    since = int(datetime.combine(first_day, time(), UTC).timestamp()) * SECOND
    lists = paths["touches"].combine_chunks()
    ends = lists.offsets.to_numpy()
    last = pa.array(ends[1:] - 1 - ends[0], mask=ends[1:] == ends[:-1])
    ended = pc.greater_equal(entries.field("at").take(pc.list_flatten(lists).take(last)), since)
    return pc.if_else(pc.is_valid(paths["purchase"]), bought, ended)


def _finished(sums_: pa.Table, plan: Plan, replicates: int) -> pa.Table:
    """The rows of the table, but for the date."""
    sums_ = sums_.sort_by([(name, "ascending") for name in ("bucket", "model", "key")])
    is_whole = pc.equal(sums_["bucket"], WHOLE)
    whole, dealt = sums_.filter(is_whole).drop("bucket"), sums_.filter(pc.invert(is_whole))
    chains = {f"markov_{order}": f"markov_{order}" for order in plan.orders}
    found = credits(whole, plan, {**{name: name for name in plan.rules}, **chains})
    between = spreads(dealt, plan, {"shapley": "shapley", **chains}, replicates)
    table = whole.filter(pc.equal(whole["model"], SEEN))
    channels = {
        key: (int(purchases), value.quantize(CENT))
        for key, purchases, value in zip(
            *(table[name].to_pylist() for name in ("key", "conversions", "value")), strict=True
        )
    }
    rows: list[tuple[object, ...]] = []
    for _, of_model in groupby(found, key=lambda credit: credit.model):
        mine = list(of_model)
        total = sum((credit.value for credit in mine), Decimal(0)).quantize(CENT)
        values = rounded([credit.value for credit in mine], total)
        for credit, value in zip(mine, values, strict=True):
            rows.append(
                _row(credit, value, between.get((credit.model, credit.channel)), channels.get(credit.channel))
            )
    names = [name for name in TABLE.names if name != "as_of"]
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], _SCHEMA)


def _row(
    credit: Credit, value: Decimal, between: Spread | None, influenced: tuple[int, Decimal] | None
) -> tuple[object, ...]:
    purchases = between.purchases if between else (None, None)
    values = between.value if between else (None, None)
    effect, seen_on = credit.removal_effect, influenced or (0, Decimal(0))
    return (credit.model, credit.channel, credit.conversions, *purchases, value, *values, effect, *seen_on)
