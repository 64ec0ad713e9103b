"""One row per date, purchase and touch that the Markov chain credits, or one without a touch where it credits none.

A chain looks at all paths of the period at once (`gold.attribution_channels`), so this is a daily snapshot of the last
`attribution.report_days` days, beside `gold.attribution` with the models that look at one purchase. Each purchase is
shared by the removal effects of the channels that it saw, equally among the touches of one channel; shares sum to 1,
values to what was paid less what came back, to the cent. So over the channels the values sum to the period's revenue
in both tables. By channel they differ: there the whole revenue is shared by the effects, here each purchase by those
of its own path, so a channel earns nothing of a purchase that never saw it. Attributed is not caused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.calc.attribution.journeys import Windows
from pipelines.gold import attribution as gold_attribution
from pipelines.gold.attribution import MADE, credit_rows
from pipelines.gold.attribution_channels import TABLE as CHANNELS
from pipelines.gold.attribution_events import events_by_buyer
from pipelines.lakehouse.table import AS_OF, Input, Snapshot, Table

TABLE = Table(
    name="gold.attribution_chains",
    doc=__doc__,
    key=("as_of", *gold_attribution.TABLE.key),
    scope=("as_of",),
    columns=(AS_OF, *gold_attribution.TABLE.columns),
    inputs=(*CHANNELS.inputs, Input(CHANNELS)),
    params=(
        "attribution.touches",
        "attribution.window_seconds",
        "attribution.windows",
        "attribution.report_days",
    ),
    expect=gold_attribution.TABLE.expect,
    write=Snapshot(),
)

_EFFECTS = "effects"


def build(
    person_identifiers: DataFrame,
    campaigns: DataFrame,
    touchpoints: DataFrame,
    purchases: DataFrame,
    attribution_channels: DataFrame,
    *,
    as_of: date,
    touches: Mapping[str, Sequence[str]],
    window_seconds: int,
    windows: Mapping[str, int],
    report_days: int,
) -> DataFrame:
    """The chain's credits of every purchase of the period."""
    lists = events_by_buyer(person_identifiers, campaigns, touchpoints, purchases, purchases, as_of, touches)
    of_chain = attribution_channels.where(
        (F.col("as_of") == F.lit(as_of)) & F.col("removal_effect").isNotNull()
    )
    effect = F.struct("model", "channel", "removal_effect")
    effects = of_chain.agg(F.collect_list(effect).alias(_EFFECTS))  # one row, of as many entries as channels
    lasting, first_day = Windows(window_seconds, dict(windows)), as_of - timedelta(report_days - 1)

    def credited(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            known = _by_model(batch.column(_EFFECTS)[0].as_py()) if batch.num_rows else {}
            yield from credit_rows(batch, tuple(known), lasting, effects=known, first_day=first_day)

    rows = lists.crossJoin(F.broadcast(effects)).mapInArrow(credited, MADE)
    return rows.withColumn("as_of", F.lit(as_of)).select(*TABLE.names)


def _by_model(effects: Iterable[Mapping[str, object]]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for each in effects:
        found[str(each["model"])][str(each["channel"])] = float(str(each["removal_effect"]))
    return found
