"""A small world: the same files whatever the partitions, and a truth that its files bear out, counted line by line."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.bronze import records as bronze
from pipelines.errors import DataError
from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.refusal import accepted, flag
from pipelines.lakehouse.table import Facts, Table
from pipelines.lakehouse.vault_key import ensure_key
from pipelines.landing.files import landed
from pipelines.landing.framing import frame
from pipelines.landing.sources import SOURCES
from pipelines.settings import load
from pipelines.silver import engagement, identity_events, orders, receipt_lines, receipts, web_events
from pipelines.simulate import job
from pipelines.simulate.faults import SHAPES
from pipelines.simulate.happenings import happenings
from pipelines.simulate.truth_tables import BOTS
from tests.simulate.worlds import WORLD, Made

FAR = WORLD.drop_of(WORLD.days)
HOW: dict[str, Any] = {
    "as_of": WORLD.on(WORLD.days),
    "time_zone": WORLD.time_zone,
    "first_day": WORLD.start - timedelta(days=1),
    "anchors": load().identity.anchors,
}
BY_NAME = {source.name: source for source in SOURCES}


pytestmark = pytest.mark.spark


def test_a_truth_without_rows_is_there_and_empty(spark: SparkSession, tmp_path: Path) -> None:
    job._keep(spark.createDataFrame([], BOTS.schema), str(tmp_path), BOTS)
    found = pq.read_table(tmp_path / "truth" / BOTS.short)
    assert (found.num_rows, found.column_names) == (0, [column.name for column in BOTS.columns])


def test_partitions_change_no_byte(spark: SparkSession, world: Made, tmp_path: Path) -> None:
    before = spark.conf.get("spark.sql.shuffle.partitions")
    try:
        spark.conf.set("spark.sql.shuffle.partitions", "3")
        with happenings(spark, WORLD, str(tmp_path / "work")) as frames:
            written = job.landing(spark, frames, WORLD, str(tmp_path / "landing"))
            for source in ("receipts", "engagement"):
                written[source].write.format("noop").mode("overwrite").save()
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", str(before))
    again = Made(tmp_path).digest()
    assert again == {path: digest for path, digest in world.digest().items() if path in again}
    assert {path.split("/")[0] for path in again} == {"receipts", "engagement"}


def test_every_engine_makes_the_same_world(world: Made) -> None:
    """The hash was recorded on Sail; it changes with what a world holds, and then `world.VERSION` rises."""
    assert world.fingerprint() == "888d1e7c9d37909eede52a0e0c7d8952dfdb0bb35f84800b9d23e7a7ebf15754"


def test_a_finished_world_is_not_made_twice_and_another_is_refused(world: Made) -> None:
    account = job.claim(str(world.place), WORLD)
    assert account is not None
    assert account["receipts"]["records"] == sum(
        r["records"] for r in world.truth("totals") if r["source"] == "receipts"
    )
    with pytest.raises(DataError, match="seed 11, not 12"):
        job.claim(str(world.place), WORLD.model_copy(update={"seed": 12}))


def test_every_file_lies_where_ingest_looks(world: Made) -> None:
    good, bad = landed(str(world.place / "landing"), SOURCES, FAR)
    assert bad == []
    assert {file.source for file in good} == {row["source"] for row in world.truth("totals")}
    assert {file.path for file in good} == {row["file"] for row in world.truth("files")}


def test_totals_are_what_the_files_hold(world: Made) -> None:
    torn = Counter(row["source"] for row in world.truth("faults") if row["fault"] == "torn_file")
    for source in {row["source"] for row in world.truth("totals")}:
        told = [row for row in world.truth("totals") if row["source"] == source]
        assert sum(row["records"] for row in told) == sum(1 for _ in world.lines(source)) + torn[source]
        for row in told:
            fates = ("accepted", "superseded", "refused", "duplicates")
            assert row["records"] == sum(row[fate] for fate in fates)
            assert row["lines"] == row["lines_accepted"] + row["lines_refused"] + row["lines_duplicates"]


def test_distinct_events_and_their_revenue(world: Made) -> None:
    facts: dict[tuple[str, ...], dict[str, Any]] = {}
    for record in world.records("receipts"):
        named = [record.get(name) for name in ("store_id", "till_id", "receipt_no", "purchased_at")]
        if (
            None in named
            or record["kind"] not in ("sale", "return")
            or not _sound_day(record["purchased_at"])
        ):
            continue
        if record.get("lines"):
            facts[tuple(named)] = record
    told = [row for row in world.truth("totals") if row["source"] == "receipts"]
    assert len(facts) == sum(row["accepted"] for row in told) > 100
    revenue, lines = Decimal(0), 0
    for record in facts.values():
        good = [
            line
            for line in record["lines"]
            if int(line["quantity"]) > 0 and len(line["net_amount"].split(".")[1]) == 2
        ]
        lines += len(good)
        revenue += sum(Decimal(line["net_amount"]) for line in good) * (1 if record["kind"] == "sale" else -1)
    assert lines == sum(row["lines_accepted"] for row in told)
    assert revenue == sum(row["revenue"] for row in told)
    for source in ("web_events", "engagement", "identity_events"):
        ids = {
            record["event_id"]
            for record in world.records(source)
            if record.get("event_id")
            and _sound_day(record["occurred_at"])
            and "gift" not in (record["kind"], record.get("device"))
        }
        assert len(ids) == sum(row["accepted"] for row in world.truth("totals") if row["source"] == source)


def _sound_day(text: str) -> bool:
    return text[:4] == str(WORLD.start.year)


def test_each_fault_stands_where_it_is_said_to(world: Made) -> None:
    lines = {(path, at): line for source in SHAPES for path, at, line in world.lines(source)}
    seen: Counter[str] = Counter()
    for fault in world.truth("faults"):
        kind = fault["fault"]
        seen[kind] += 1
        assert (fault["reason"] is None) == (kind in ("late", "sent_twice", "file_sent_twice"))
        assert fault["reason"] is None or fault["reason"] in Reason.__members__
        if fault["position"] == 0:
            assert fault["file"].endswith(
                {"torn_file": "-torn.jsonl.gz", "file_sent_twice": "-again.jsonl.gz"}[kind]
            )
            continue
        line = lines[fault["file"], fault["position"]]
        if kind == "not_json":
            with pytest.raises(ValueError, match=r"."):
                json.loads(line)
        elif kind == "bad_encoding":
            with pytest.raises(UnicodeDecodeError):
                line.decode()
        elif kind == "sent_twice":
            assert sum(other == line for other in lines.values()) >= 2
        else:
            json.loads(line)
    assert set(seen) - {"too_precise"} == {  # which is rare in a world as small as this
        *("late", "sent_twice", "torn_file", "file_sent_twice", "not_json", "bad_encoding", "missing_value"),
        *("wrong_type", "unknown_code", "future", "below_minimum"),
    }


def test_silver_agrees(spark: SparkSession, world: Made) -> None:
    told = {source: _totals(world, source) for source in SHAPES}
    stores = spark.createDataFrame([("S0000", WORLD.time_zone)], "store_id string, time_zone string")
    records = {source: _bronze(spark, world, source).persist() for source in told}
    for module, source in (
        (receipts, "receipts"),
        (orders, "orders"),
        (web_events, "web_events"),
        (engagement, "engagement"),
        (identity_events, "identity_events"),
    ):
        inputs = (records[source], stores) if module is receipts else (records[source],)
        flagged = flag(module.build(*inputs, **HOW), module.TABLE)
        assert _judged(flagged, module.TABLE) == tuple(
            told[source][n] for n in ("records", "refused", "accepted")
        ), source
        planted = {
            f["reason"] for f in world.truth("faults") if f["source"] == source and f["fate"] == "refused"
        }
        reasons = flagged.select(F.explode("_reasons").alias("r")).select(
            F.split_part("r", F.lit(":"), F.lit(1))
        )
        assert {row[0] for row in reasons.distinct().collect()} == planted
    lines = flag(receipt_lines.build(records["receipts"], stores, **HOW), receipt_lines.TABLE)
    lines = lines.withColumn("receipt_id", F.concat_ws("/", "receipt_id", "line_no"))
    names = ("lines", "lines_refused", "lines_accepted")
    assert _judged(lines, receipt_lines.TABLE) == tuple(told["receipts"][name] for name in names)
    for each in records.values():
        each.unpersist()


def _totals(world: Made, source: str) -> Counter[str]:
    """The counts of a source over all days."""
    sums: Counter[str] = Counter()
    for row in world.truth("totals"):
        if row["source"] == source:
            sums.update({name: count for name, count in row.items() if isinstance(count, int)})
    return sums


def _bronze(spark: SparkSession, world: Made, name: str) -> DataFrame:
    """Everything that was landed of a source, in the shape of bronze."""
    source, root = BY_NAME[name], str(world.place / "landing")
    found, _ = landed(root, [source], FAR)
    rows = [(f.source, f.path, f.size, f.arrived_at, 1) for f in found]
    columns = "source string, file string, size long, arrived_at timestamp, batch long"
    files = spark.createDataFrame(rows, columns)
    key = ensure_key(str(world.place / "key.json"), allow_generated=True)
    framed = frame(files, source, landing_root=root, vault_key=key, default_region="US")
    return framed.select(*bronze.TABLES[name].names)


def _judged(flagged: DataFrame, table: Table) -> tuple[int, ...]:
    """Received, refused, and distinct units accepted."""
    assert isinstance(table.write, Facts)
    unit = F.when(accepted(), F.struct(*table.write.unit))
    row = flagged.agg(F.count("*"), F.count_if(~accepted()), F.count_distinct(unit)).collect()[0]
    return tuple(row)
