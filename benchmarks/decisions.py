"""A million candidates through all gates of `gold.send_decisions`, and how the cost grows with their number.

`python -m benchmarks.decisions [CANDIDATES ...]` makes candidates of three triggers, of people of whom a tenth was
written to before, decides them as a run does, writes the rows as Parquet, and prints processor seconds (user and
system, of all cores) with the exponent between the smallest and the largest number. On Sail, in this process.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from pipelines.calc.triggers.definitions import Cap, Pause, QuietHours
from pipelines.gold import customer_360, golden_records, send_decisions, touchpoints, trigger_candidates
from pipelines.lakehouse.sail import sail_session
from pipelines.settings import load
from pipelines.silver import channel_costs, customers, engagement, person_identifiers, stores

DAY = date(2024, 3, 1)
SIZES = (125_000, 1_000_000)
EACH = 3
"""Candidates a person."""
GOALS = {"seconds": 120.0, "exponent": 1.1}


def main(arguments: Sequence[str]) -> int:
    """Measure, and print a line for each number of candidates."""
    sizes = sorted(map(int, arguments)) or list(SIZES)
    spent = {}
    with sail_session(4) as spark:
        seconds(spark, 1000)  # what the first plan of a session costs beside
        for size in sizes:
            spent[size], outcomes = seconds(spark, size)
            print(f"{size:>10,} candidates: {spent[size]:8.1f} processor seconds; {outcomes}", flush=True)
    if len(sizes) > 1:
        low, high = sizes[0], sizes[-1]
        exponent = math.log(spent[high] / spent[low]) / math.log(high / low)
        print(f"growth exponent {exponent:.2f} (goal: at most {GOALS['exponent']})")
    return 0


def seconds(spark: SparkSession, size: int) -> tuple[float, dict[str, int]]:
    """Processor seconds that the decision and its Parquet cost, and how many rows have which outcome."""
    with tempfile.TemporaryDirectory(prefix="tillpost-bench-") as place:
        inputs = {name: _stored(frame, f"{place}/{name}") for name, frame in made(spark, size).items()}
        before = os.times()
        rows = decide(**inputs)
        rows.write.mode("overwrite").parquet(f"{place}/decisions")
        after = os.times()
        written = spark.read.parquet(f"{place}/decisions")
        outcomes = {row["outcome"]: row["count"] for row in written.groupBy("outcome").count().collect()}
    return after.user + after.system - before.user - before.system, outcomes


def decide(**inputs: DataFrame) -> DataFrame:
    """The table's own build, with the settings of `conf/base.yaml` but for caps that bind."""
    settings = load()
    return send_decisions.build(
        **inputs,
        as_of=DAY,
        defined=settings.triggers.defined,
        salt="salt",
        consent={"email": ("form", "subscribed"), "sms": ("form",), "push": ("token",)},
        quiet=QuietHours(begins=21, ends=9),
        caps={"overall": Cap(messages=1, days=7)},
        pause=Pause(stars=2, days=14),
        cost_days=90,
        message_costs={"email": Decimal("0.001"), "sms": Decimal("0.02"), "push": Decimal("0.0005")},
        time_zone="UTC",
        close_hour=6,
    )


def made(spark: SparkSession, size: int) -> dict[str, DataFrame]:
    """The inputs: `size` candidates of `size / EACH` people, with ten goods each, and a past for a tenth of them."""
    number = F.col("id")
    people = spark.range(size // EACH).withColumn("person_id", _person(number))
    ids = spark.range(size)
    item = F.transform(
        F.sequence(F.lit(1), F.lit(10)),
        lambda n: F.struct(
            ((n + 4) / 5).cast("int").alias("block_no"),
            n.cast("int").alias("slot"),
            F.lit("personal").alias("block"),
            F.concat(F.lit("g"), n.cast("string")).alias("product_id"),
            F.concat(F.lit("Good "), n.cast("string")).alias("title"),
            F.lit("Others who shop like you often buy this.").alias("reason"),
            F.lit(0.5).alias("score"),
            F.lit("als/1").alias("model_version"),
        ),
    )
    noon = F.lit(f"{DAY} 12:00:00").cast("timestamp")
    trigger = F.element_at(
        F.array(*map(F.lit, ("receipt_mail", "abandoned_cart", "reactivation"))), (number % 3 + 1).cast("int")
    )
    candidates = {
        "as_of": F.lit(DAY),
        "candidate_id": F.concat_ws("/", trigger, number.cast("string")),
        "trigger": trigger,
        "kind": F.lit("receipt"),
        "person_id": F.when(number % 10 != 0, _person(F.floor(number / EACH))),
        "occurred_at": noon,
        "earliest_at": noon,
        "expires_at": F.lit("2024-03-04 12:00:00").cast("timestamp"),
        "store_id": F.concat(F.lit("S"), (number % 200).cast("string")),
        "items": item,
        "sold_out": (number % 4).cast("int"),
        "priority": (number % 3 + 1).cast("int"),
        "channels": F.array(F.lit("email"), F.lit("sms"), F.lit("push")),
        "least_blocks": F.lit(1),
        "cap_messages": F.lit(1),
        "cap_days": F.lit(3),
        "holdout_share": F.lit(0.1),
        "ends_with_purchase": number % 3 == 1,
    }
    card = F.lit("loyalty_card")
    day_before = F.date_sub(F.lit(DAY), (number % 40).cast("int"))
    return {
        "trigger_candidates": _shaped(ids, trigger_candidates.TABLE.schema, candidates),
        "customer_360": _shaped(
            people,
            customer_360.TABLE.schema,
            {
                "as_of": F.lit(DAY),
                "person_id": F.col("person_id"),
                "favourite_store": F.concat(F.lit("S"), (number % 200).cast("string")),
                "last_purchase_on": day_before,
                "email_since": F.when(number % 3 != 0, F.lit(DAY)),
                "phone_since": F.when(number % 2 == 0, F.lit(DAY)),
                "email_withdrawn_on": F.when(number % 20 == 1, F.lit(DAY)),
            },
        ),
        "touchpoints": _shaped(
            people.where(number % 2 == 0),
            touchpoints.TABLE.schema,
            {
                "touched_on": day_before,
                "kind": F.lit("opened"),
                "identifier_type": card,
                "identifier_value": F.col("person_id"),
                "channel": F.lit("email"),
                "is_machine": F.lit(False),
            },
        ),
        "golden_records": _shaped(
            people,
            golden_records.TABLE.schema,
            {
                "as_of": F.lit(DAY),
                "person_id": F.col("person_id"),
                "former_ids": F.when(number % 50 == 0, F.array(F.concat(F.lit("q"), "person_id"))).otherwise(
                    F.array().cast("array<string>")
                ),
            },
        ),
        "customers": _shaped(
            people,
            customers.TABLE.schema,
            {"loyalty_card": F.col("person_id"), "email": F.when(number % 3 != 0, F.lit("e"))},
        ),
        "engagement": _shaped(spark.range(1), engagement.TABLE.schema, {"kind": F.lit("sent")}),
        "person_identifiers": _shaped(
            people,
            person_identifiers.TABLE.schema,
            {
                "identifier_type": card,
                "identifier_value": F.col("person_id"),
                "person_id": F.col("person_id"),
            },
        ),
        "stores": _shaped(
            spark.range(200),
            stores.TABLE.schema,
            {
                "store_id": F.concat(F.lit("S"), number.cast("string")),
                "time_zone": F.when(number % 2 == 0, F.lit("America/New_York")),
            },
        ),
        "channel_costs": _shaped(spark.range(1), channel_costs.TABLE.schema, {"channel": F.lit("sms")}),
        "standing": _shaped(
            people.where(number % 10 == 3),
            send_decisions.TABLE.schema,
            {
                "candidate_id": F.concat(F.lit("before/"), "person_id"),
                "raised_on": F.date_sub(F.lit(DAY), 2),
                "decided_on": F.date_sub(F.lit(DAY), 2),
                "send_at": F.lit("2024-02-28 09:00:00").cast("timestamp"),
                "outcome": F.lit("sent"),
                "channel": F.lit("email"),
                "trigger": F.lit("receipt_mail"),
                "person_id": F.col("person_id"),
            },
        ),
    }


def _person(number: Any) -> Any:
    return F.concat(F.lit("p"), F.lpad(F.hex(F.xxhash64(number)), 16, "0"))


def _shaped(rows: DataFrame, schema: StructType, given: dict[str, Any]) -> DataFrame:
    """Rows in the columns of a table; what is not given is null."""
    return rows.select(
        *(given.get(f.name, F.lit(None)).cast(f.dataType).alias(f.name) for f in schema.fields)
    )


def _stored(frame: DataFrame, path: str) -> DataFrame:
    frame.write.mode("overwrite").parquet(path)
    return frame.sparkSession.read.parquet(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
