"""One row per date, experiment, arm and metric: what the arm came to, and how it stands against the control.

Experiments are mailings and programmes whose arms `silver.assignments` tells, tests on the site, and, with one arm,
each campaign that nobody assigned. People count once, from their first assignment on, as they were meant to be treated;
what they bought on either side counts for `experiments.window_days`.

Only metrics *per person assigned* decide (`decides`); their p-values are adjusted for there being several (Holm).
Open rate, click per open and conversion per click are as marketers read them: raw, and with `_human` without machines.
Arms that do not have the sizes that were meant have no verdict. Where people were chosen, not drawn by lot, it is a
comparison and no experiment, and `revenue_per_person_standardised` compares like with like by what was bought before.

A daily snapshot, since windows close as days go by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from pipelines.calc.experiment.arm import METRICS
from pipelines.calc.experiment.results import Choices, results
from pipelines.gold import purchases as gold_purchases
from pipelines.gold.experiment_arms import arms
from pipelines.gold.experiment_units import KINDS, units
from pipelines.lakehouse.expectations import at_least, at_most, one_of
from pipelines.lakehouse.table import AS_OF, Col, Snapshot, Table
from pipelines.lakehouse.types import BOOLEAN, DOUBLE, LONG, STRING
from pipelines.silver import assignments as silver_assignments
from pipelines.silver import engagement as silver_engagement
from pipelines.silver import machine_events as silver_machine_events
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver import web_events as silver_web_events
from pipelines.silver.person_identifiers import current

TABLE = Table(
    name="gold.experiment_results",
    doc=__doc__,
    key=("as_of", "experiment_id", "kind", "arm", "metric"),
    scope=("as_of",),
    columns=(
        AS_OF,
        Col("experiment_id", STRING, "The mailing, programme, test or campaign", nullable=False),
        Col("kind", STRING, ", ".join(f"`{kind}`" for kind in KINDS), nullable=False),
        Col("arm", STRING, "The arm", nullable=False),
        Col("metric", STRING, ", ".join(f"`{metric}`" for metric in METRICS), nullable=False),
        Col(
            "by_lot", BOOLEAN, "People were drawn by lot: an experiment; false: a comparison", nullable=False
        ),
        Col("decides", BOOLEAN, "The metric is per person assigned, and may decide", nullable=False),
        Col("numerator", DOUBLE, "People who did it, or the sum of the amount", nullable=False),
        Col("denominator", LONG, "People, or what the metric is per", nullable=False),
        Col("value", DOUBLE, "`numerator / denominator`; null: nobody to divide by"),
        Col("low", DOUBLE, "Of the value's 95 % interval (a rate: Wilson); null: too few people"),
        Col("high", DOUBLE, "Its other end"),
        Col("control", STRING, "The arm it is compared with; null: it is that arm, or there is no other"),
        Col("absolute", DOUBLE, "Value less the control's; null: not compared, or not known"),
        Col("absolute_low", DOUBLE, "Of its 95 % interval"),
        Col("absolute_high", DOUBLE, "Its other end"),
        Col("relative", DOUBLE, "The lift, as a share of the control's value; null: not to be said"),
        Col("relative_low", DOUBLE, "Of its 95 % interval (Fieller); null: no such end"),
        Col("relative_high", DOUBLE, "Its other end; null: no such end"),
        Col("p_value", DOUBLE, "Of no difference; null: not compared, or not known"),
        Col("p_adjusted", DOUBLE, "By Holm over the metrics that decide; null: it does not decide"),
        Col("split_p_value", DOUBLE, "Of the arms' sizes as they were meant; null: one arm, or not by lot"),
        Col("in_two_arms", LONG, "People in several arms of the experiment, left out of all", nullable=False),
        Col("verdict", STRING, "What may be said, in a sentence; null: the metric does not decide"),
    ),
    inputs=(
        silver_assignments.TABLE,
        silver_engagement.TABLE,
        silver_machine_events.TABLE,
        silver_web_events.TABLE,
        silver_person_identifiers.TABLE,
        gold_purchases.TABLE,
    ),
    params=(
        "experiments.window_days",
        "experiments.before_days",
        "experiments.look_back_days",
        "experiments.lift_that_matters",
    ),
    expect=(
        one_of("kind", KINDS),
        one_of("metric", METRICS),
        at_least("denominator", 0),
        at_least("p_value", 0),
        at_most("p_value", 1),
    ),
    write=Snapshot(),
)
_SCHEMA = StructType(TABLE.schema.fields[1:])
_ROWS = ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in _SCHEMA.fields)


def build(
    assignments: DataFrame,
    engagement: DataFrame,
    machine_events: DataFrame,
    web_events: DataFrame,
    person_identifiers: DataFrame,
    purchases: DataFrame,
    *,
    as_of: date,
    window_days: int,
    before_days: int,
    look_back_days: int,
    lift_that_matters: float,
) -> DataFrame:
    """The results of all experiments that somebody entered in the last `look_back_days` days."""
    persons, since = current(person_identifiers), as_of - timedelta(look_back_days - 1)
    until = F.lit(as_of)
    drawn = assignments.where(F.col("assigned_on") <= until)
    sent = engagement.where(F.col("occurred_on") <= until)
    seen = web_events.where(F.col("occurred_on") <= until)
    found = units(drawn, sent, seen, persons, since)
    sums = arms(
        found,
        drawn,
        sent,
        machine_events,
        purchases,
        persons,
        as_of=as_of,
        since=since,
        window_days=window_days,
        before_days=before_days,
    )
    twice = (
        found.where("arms > 1")
        .groupBy("experiment_id", "kind")
        .agg(F.count_distinct("buyer").alias("in_two_arms"))
    )
    whole = sums.groupBy("experiment_id", "kind").agg(
        F.collect_list(
            F.struct(*(name for name in sums.columns if name not in ("experiment_id", "kind")))
        ).alias("arms")
    )
    asked = whole.join(twice, on=["experiment_id", "kind"], how="left").withColumn(
        "in_two_arms", F.coalesce("in_two_arms", F.lit(0))
    )
    choices = Choices(lift_that_matters)
    schema = to_arrow_schema(_SCHEMA)

    def told(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in batch.to_pylist():
                yield from pa.Table.from_pylist(list(results(row, choices)), schema).to_batches()

    return asked.mapInArrow(told, _ROWS).withColumn("as_of", F.lit(as_of)).select(*TABLE.names)
