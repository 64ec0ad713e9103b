"""One row per purchase, model and touch that the model credits, or one without a touch where it credits none.

Of a purchase and model the shares sum to 1 and the values to what was paid less what came back, to the cent (largest
remainders). A return is netted with the purchase it names, where the same buyer has that purchase; any other return
stands by itself, negative, under `Unattributed`, as does every purchase that a model can give to nobody. So over any
model the values sum to the net revenue of all receipts and orders.

The models here look at one purchase at a time. A Markov chain looks at all: its removal effects are in
`gold.attribution_channels`, each purchase's credits by them in `gold.attribution_chains`. Attributed is not caused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from pipelines.calc.attribution import Choices, receipt_credits
from pipelines.calc.attribution.journeys import Windows, journeys
from pipelines.gold import purchases as gold_purchases
from pipelines.gold import touchpoints as gold_touchpoints
from pipelines.gold.attribution_events import DIRECT, EVENTS, events_by_buyer
from pipelines.gold.purchases import SIDES
from pipelines.lakehouse.expectations import at_least, at_most, one_of
from pipelines.lakehouse.table import Col, Input, Table
from pipelines.lakehouse.types import DATE, DOUBLE, INT, MONEY, STRING, TIMESTAMP
from pipelines.silver import campaigns as silver_campaigns
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver.person_identifiers import IDENTIFIER

TOUCHES_AT_ONCE = 100_000

TABLE = Table(
    name="gold.attribution",
    doc=__doc__,
    key=("purchase_id", "purchased_on", "model", "touch_no"),
    scope=("buyer",),
    columns=(
        Col("buyer", STRING, "The person; of an anonymous purchase `anonymous/` and its day", nullable=False),
        Col("purchase_id", STRING, "As `gold.purchases` names it", nullable=False),
        Col("purchased_on", DATE, "Business day of the purchase", nullable=False),
        Col("side", STRING, ", ".join(f"`{side}`" for side in SIDES), nullable=False),
        Col("store_id", STRING, "The shop; null: an order that no shop delivers"),
        Col("model", STRING, "As docs/attribution.md explains it", nullable=False),
        Col(
            "touch_no",
            INT,
            "Place among the touches that the purchase saw, from 1; 0: no touch",
            nullable=False,
        ),
        Col("channel", STRING, "The touch's channel, or `Unattributed`", nullable=False),
        Col("touch_id", STRING, "As `gold.touchpoints` names it; null: no touch"),
        Col("touched_at", TIMESTAMP, "When the touch was (UTC); null: no touch"),
        Col("campaign_id", STRING, "The touch's campaign; null: none, or no touch"),
        Col(
            "trigger", STRING, "What sent the touch's message, as `receipt_mail`; null: a visit, or no touch"
        ),
        Col("block", STRING, "The block of the mail that was clicked; null: none"),
        Col("share", DOUBLE, "Of the purchase, above 0 and up to 1", nullable=False),
        Col("value", MONEY, "Of the net revenue, in the business's currency", nullable=False),
    ),
    inputs=(
        Input(silver_person_identifiers.TABLE, by={"buyer": "person_id"}),
        Input(silver_campaigns.TABLE, through=gold_touchpoints.TABLE, on=("campaign_id",)),
        Input(gold_touchpoints.TABLE, through=silver_person_identifiers.TABLE, on=IDENTIFIER),
        Input(gold_purchases.TABLE, through=silver_person_identifiers.TABLE, on=IDENTIFIER),
        Input(gold_purchases.TABLE, by={"buyer": "anonymous_group"}),
    ),
    params=(
        "attribution.models",
        "attribution.touches",
        "attribution.window_seconds",
        "attribution.windows",
        "attribution.half_life_days",
        "attribution.post_click",
    ),
    expect=(one_of("side", SIDES), at_least("share", 0), at_most("share", 1), at_least("touch_no", 0)),
)

MADE = "buyer string, purchase_id string, purchased_on date, side string, store_id string, model string, " + (
    "touch_no int, channel string, touch_id string, touched_at timestamp, campaign_id string, trigger string, "
    "block string, share double, value decimal(18, 2)"
)
_OF_PURCHASE = {"purchase_id": "purchase", "purchased_on": "day", "side": "side", "store_id": "store"}
_OF_TOUCH = {"touch_id": "touch", "campaign_id": "campaign", "trigger": "trigger", "block": "block"}


def build(
    person_identifiers: DataFrame,
    campaigns: DataFrame,
    touchpoints: DataFrame,
    purchases: DataFrame,
    anonymous: DataFrame,
    *,
    as_of: date,
    models: Sequence[str],
    touches: Mapping[str, Sequence[str]],
    window_seconds: int,
    windows: Mapping[str, int],
    half_life_days: float,
    post_click: Sequence[str],
) -> DataFrame:
    """The credits of every purchase up to `as_of`."""
    lists = events_by_buyer(person_identifiers, campaigns, touchpoints, purchases, anonymous, as_of, touches)
    choices = Choices(half_life_days, DIRECT, tuple(post_click))
    lasting = Windows(window_seconds, dict(windows))
    named = tuple(models)

    def credited(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from credit_rows(batch, named, lasting, choices=choices)

    return lists.mapInArrow(credited, MADE).select(*TABLE.names)


def credit_rows(
    batch: pa.RecordBatch,
    models: Sequence[str],
    windows: Windows,
    *,
    choices: Choices | None = None,
    effects: Mapping[str, Mapping[str, float]] | None = None,
    first_day: date | None = None,
) -> Iterator[pa.RecordBatch]:
    """The rows of a batch of buyers (`events_by_buyer`), as `MADE`, some touches at a time.

    Args:
        batch: `buyer` and `events`.
        models: As in `receipt_credits`.
        windows: How long touches count.
        choices: As in `receipt_credits`.
        effects: As in `receipt_credits`.
        first_day: Purchases before it are left out; null: none is.
    """
    entries = pc.list_flatten(batch.column(EVENTS))
    buyers = batch.column("buyer")
    paths = journeys(batch.column(EVENTS), windows)
    paths = paths.filter(pc.is_valid(paths["purchase"]))
    if first_day is not None:
        paths = paths.filter(
            pc.greater_equal(entries.field("day").take(paths["purchase"]), pa.scalar(first_day))
        )
    paths = paths.combine_chunks()
    step = max(TOUCHES_AT_ONCE * max(len(paths), 1) // (len(entries) + 1), 1)
    for first in range(0, len(paths), step):
        part = paths.slice(first, step).combine_chunks()
        credits = receipt_credits(part, models, choices=choices, effects=effects)
        yield from _rows(credits, part, entries, buyers).to_batches()


def _rows(credits: pa.Table, paths: pa.Table, entries: pa.StructArray, buyers: pa.Array) -> pa.Table:
    receipt, touch = credits["receipt"].combine_chunks(), credits["touch"].combine_chunks()
    lists = paths["touches"].combine_chunks()
    first = pc.subtract(lists.offsets, lists.offsets[0]).take(receipt)
    there = pc.list_flatten(lists).take(pc.add(first.cast(pa.int64()), touch))
    bought = paths["purchase"].combine_chunks().take(receipt)
    columns = {"buyer": buyers.take(paths["buyer"].combine_chunks().take(receipt))}
    columns |= {name: entries.field(source).take(bought) for name, source in _OF_PURCHASE.items()}
    columns |= {name: entries.field(source).take(there) for name, source in _OF_TOUCH.items()}
    columns |= {name: credits[name] for name in ("model", "channel", "share", "value")}
    columns["touch_no"] = pc.add(pc.fill_null(touch, -1), 1).cast(pa.int32())
    columns["touched_at"] = (
        entries.field("at").take(there).cast(pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))
    )
    return pa.table({name: columns[name] for name in TABLE.names})
