"""Faults planted into records.

Late ones, ones sent twice, and damaged copies; each with what must become of it.

A damaged record is always a copy, beside its good original, so a fault never changes what people truly did. A
copy that keeps its key (its till, number and day) is one that silver refuses whole; where only a line is
damaged, the copy has a number of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from pipelines.lakehouse.reasons import Reason
from pipelines.simulate.clock import day_of
from pipelines.simulate.draws import Draws, at, choice
from pipelines.simulate.world import World

ACCEPTED, REFUSED, DUPLICATE, SUPERSEDED = "accepted", "refused", "duplicate", "superseded"
"""What must become of a record; `superseded`: it is accepted, and a later state of the same order takes its place."""

LATE, TWICE = "late", "sent_twice"
LATENESS, LATENESS_WEIGHTS = (1, 2, 7, 40), (0.5, 0.3, 0.15, 0.05)
"""Days, and how often each; of those that would arrive after the world's end none is late."""

DAMAGES = {
    "not_json": Reason.NOT_JSON,
    "bad_encoding": Reason.BAD_ENCODING,
    "missing_value": Reason.MISSING_VALUE,
    "wrong_type": Reason.WRONG_TYPE,
    "unknown_code": Reason.UNKNOWN_CODE,
    "future": Reason.FUTURE,
}
LINE_DAMAGES = {"too_precise": Reason.TOO_PRECISE, "below_minimum": Reason.BELOW_MINIMUM}
"""Of a receipt's only line: the receipt stands, its line is refused."""


@dataclass(frozen=True)
class Shape:
    """Where a source's records can be damaged.

    Args:
        source: Its name.
        required: The field that is left out. code: The field with a list of codes. time: The field with the
            instant.
        number: The field that names the record; a damaged line's receipt gets another one. Null: lines are
            left alone.
    """

    source: str
    required: str
    code: str
    time: str
    number: str | None = None

    @property
    def damages(self) -> dict[str, Reason]:
        """The kinds of damage, each with why silver refuses the record, or its line."""
        return DAMAGES | LINE_DAMAGES if self.number else DAMAGES


SHAPES = {
    "receipts": Shape("receipts", "store_id", "kind", "purchased_at", "receipt_no"),
    "orders": Shape("orders", "order_id", "status", "ordered_at"),
    "web_events": Shape("web_events", "event_id", "device", "occurred_at"),
    "engagement": Shape("engagement", "event_id", "kind", "occurred_at"),
    "identity_events": Shape("identity_events", "event_id", "kind", "occurred_at"),
}


def plant(records: DataFrame, shape: Shape, world: World) -> DataFrame:
    """Records, late ones and copies among them, ready to be written.

    Args:
        records: A record frame (see `receipts`).
        shape: Of its source.
        world: How many faults; what happened after its last day is left out.

    Returns:
        `occurred_on` (day; null: a damaged record that nobody can date) and `drop_day` LONG, `at`, `id`,
        `copy` (0: the original), `line` BINARY (with its line end), `fault` (null: none), `fate`, `reason`
        (null: accepted whole), `lines`, `lines_refused` and `cents` (counted where the fate is `accepted` or
        `superseded`).
    """
    draws = Draws(world.seed)
    day = day_of(world, F.col("at"))
    bits = F.xxhash64("id")
    kind = draws.uniform(f"{shape.source} fault", bits)
    share, damages = world.faults, list(shape.damages)
    lateness = at(LATENESS, choice(draws.uniform(f"{shape.source} lateness", bits), LATENESS_WEIGHTS))
    dated = records.withColumns({"sent_on": day, "occurred_on": day_of(world, F.col("dated_at"))})
    dated = dated.where((day >= 0) & (day < world.days))
    late = (kind < share / 3) & (F.col("sent_on") + lateness < world.days)
    twice = (kind >= share / 3) & (kind < share * 2 / 3)
    damaged = (kind >= share * 2 / 3) & (kind < share)
    next_day = draws.chance(0.5, f"{shape.source} again", bits) & (F.col("sent_on") + 1 < world.days)
    which = at(damages, draws.below(len(damages), f"{shape.source} damage", bits))
    original = F.struct(
        F.lit(0).alias("copy"),
        F.when(late, F.lit(LATE)).alias("fault"),
        F.when(late, lateness).otherwise(0).alias("waits"),
    )
    again = F.struct(
        F.lit(1).alias("copy"), F.lit(TWICE).alias("fault"), F.when(next_day, 1).otherwise(0).alias("waits")
    )
    spoilt = F.struct(F.lit(1).alias("copy"), which.alias("fault"), F.lit(0).alias("waits"))
    sent = F.array_compact(F.array(original, F.when(twice, again).when(damaged, spoilt)))
    each = dated.withColumn("sent", F.explode(sent)).select("*", "sent.*")
    return _judged(_damaged(each, shape), shape)


def sound(records: DataFrame) -> DataFrame:
    """Records of a reference feed, which have `drop_day`, as `plant` gives them: no fault, all accepted."""
    nothing, none = F.lit(None).cast("string"), F.lit(0).cast("long")
    return records.select(
        "drop_day",
        F.lit(None).cast("long").alias("occurred_on"),
        F.lit(None).cast("timestamp").alias("at"),
        "id",
        F.lit(0).alias("copy"),
        F.concat(F.to_json("record"), F.lit("\n")).cast("binary").alias("line"),
        nothing.alias("fault"),
        F.lit(ACCEPTED).alias("fate"),
        nothing.alias("reason"),
        none.alias("lines"),
        none.alias("lines_refused"),
        none.alias("cents"),
    )


def _damaged(each: DataFrame, shape: Shape) -> DataFrame:
    """Adds `line`: the record as bytes, with the damage done to it."""
    record = F.col("record")
    fields = {name: record[name] for name in cast(StructType, each.schema["record"].dataType).names}
    fields[shape.required] = _if("missing_value", F.lit(None).cast("string"), fields[shape.required])
    fields[shape.code] = _if("unknown_code", F.lit("gift"), fields[shape.code])
    year = F.substring(fields[shape.time], 1, 4).cast("int") + 7
    ahead = F.concat(year.cast("string"), F.substring(fields[shape.time], 5, 16))
    fields[shape.time] = _if("wrong_type", F.lit("yesterday"), _if("future", ahead, fields[shape.time]))
    if shape.number:
        spoilt = F.col("fault").isin(*LINE_DAMAGES)
        kept = F.filter(record["lines"], lambda _, place: F.when(spoilt, place == 0).otherwise(True))
        fields["lines"] = F.transform(kept, _spoilt_line)
        other = F.concat(record[shape.number], F.lit("9"))
        fields[shape.number] = F.when(spoilt, other).otherwise(record[shape.number])
    if "lines" in fields:  # so that none of them can be read
        fields["lines"] = _if("bad_encoding", F.lit(None), fields["lines"])
    text = F.to_json(F.struct(*(value.alias(name) for name, value in fields.items())))
    cut = F.expr("substring(text, 1, int(length(text) * 0.6))")
    each = each.withColumn("text", text).withColumn("text", _if("not_json", cut, F.col("text")))
    bad = F.concat(F.lit(b'{"note":"\xff",'), F.substring("text", 2, 1 << 30).cast("binary"))
    whole = _if("bad_encoding", bad, F.col("text").cast("binary"))
    return each.withColumn("line", F.concat(whole, F.lit(b"\n"))).drop("text", "record")


def _if(kind: str, damage: Column, value: Column) -> Column:
    """The damage, in a copy that suffers this kind; the value elsewhere."""
    return F.when(F.col("fault") == kind, damage).otherwise(value)


def _spoilt_line(line: Column) -> Column:
    """A receipt's line with half a cent too much, or of less than nothing."""
    amount = _if("too_precise", F.concat(line["net_amount"], F.lit("5")), line["net_amount"])
    quantity = _if("below_minimum", -line["quantity"], line["quantity"])
    return line.withField("net_amount", amount).withField("quantity", quantity)


def _judged(each: DataFrame, shape: Shape) -> DataFrame:
    """Adds what must become of each record, and of its lines."""
    fault = F.col("fault")
    reasons = F.create_map(*(F.lit(t) for kind, why in shape.damages.items() for t in (kind, why.name)))
    whole = fault.isin(*DAMAGES)
    fate = (
        F.when(whole, F.lit(REFUSED))
        .when(fault == TWICE, F.lit(DUPLICATE))
        .when(F.col("replaced") & (F.col("copy") == 0), F.lit(SUPERSEDED))
        .otherwise(F.lit(ACCEPTED))
    )
    lines = (
        F.when(fault.isin("not_json", "bad_encoding"), 0)
        .when(fault.isin(*LINE_DAMAGES), 1)
        .otherwise(F.col("lines"))
    )
    original = F.col("copy") == 0
    return each.select(
        (F.col("sent_on") + F.col("waits")).alias("drop_day"),
        F.when(fault.isNull() | ~whole, F.col("occurred_on")).alias("occurred_on"),
        "at",
        "id",
        "copy",
        "line",
        "fault",
        fate.alias("fate"),
        F.when(fault.isNotNull(), reasons[fault]).alias("reason"),
        lines.cast("long").alias("lines"),
        F.when(whole | fault.isin(*LINE_DAMAGES), lines).otherwise(0).cast("long").alias("lines_refused"),
        F.when(original, F.col("cents")).otherwise(0).cast("long").alias("cents"),
    )
