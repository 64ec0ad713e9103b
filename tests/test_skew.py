"""Uneven data give the same tables as even data do: few keys with most rows, and one content in many layouts."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from pipelines import context, stages
from pipelines.flow import step_of
from pipelines.lakehouse.lake import path_of
from pipelines.runner import make
from pipelines.settings import Settings
from tests.conftest import shop_settings
from tests.days import contents, run_day

pytestmark = pytest.mark.spark

DAY = date(2024, 3, 1)
ARRIVED = "arrived=20240301T235900Z"
BASKETS, EVERYWHERE = 200, "everywhere"
OF_THE_BOT = 3_000


def land(settings: Settings, source: str, name: str, payload: bytes) -> None:
    file = Path(settings.landing.root) / source / ARRIVED / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(payload)


def text_of(records: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def receipt(number: int) -> dict[str, Any]:
    """Half are of one store, two in five show nobody, half of the others are of one card; each has the same good."""
    card = "C0" if number % 2 else f"C{number}"
    return {
        "receipt_no": str(number),
        "store_id": "S0" if number % 2 == 0 else f"S{number}",
        "purchased_at": f"2024-03-01T{12 + number % 8:02}:00:00Z",
        "loyalty_card": None if number % 5 < 2 else card,
        "lines": [
            {"product_id": EVERYWHERE, "quantity": 1, "net_amount": "1.00"},
            {"product_id": f"P{number}", "quantity": 2, "net_amount": "3.00"},
        ],
    }


def event(number: int, cookie: str) -> dict[str, Any]:
    return {
        "event_id": f"{cookie}-{number}",
        "kind": "page_view",
        "occurred_at": f"2024-03-01T{12 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z",
        "cookie": cookie,
        "url": "https://shop.example/p/1",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/120",
    }


@pytest.fixture(scope="module")
def rows(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], list[dict[str, Any]]]:
    """The rows of a table of a lake that has all the traps at once, up to gold."""
    settings = shop_settings(tmp_path_factory.mktemp("skew"), feeds=())
    land(settings, "receipts", "r.jsonl", text_of([receipt(number) for number in range(BASKETS)]))
    events = [event(number, "bot") for number in range(OF_THE_BOT)] + [event(1, f"k{n}") for n in range(20)]
    land(settings, "web_events", "e.jsonl", text_of(events))
    run_day(spark, settings, DAY, ("ingest", "refine", "build"))

    def found(name: str) -> list[dict[str, Any]]:
        step = step_of(name)
        assert step is not None
        held: list[dict[str, Any]] = (
            DeltaTable(path_of(settings.lake.root, step.table)).to_pyarrow_table().to_pylist()
        )
        return held

    return found


def test_a_store_with_half_of_the_receipts_and_a_good_in_every_basket_are_counted_right(
    rows: Callable[[str], list[dict[str, Any]]],
) -> None:
    assert sum(row["store_id"] == "S0" for row in rows("silver.receipts")) == BASKETS // 2
    lines = rows("silver.receipt_lines")
    assert sum(row["product_id"] == EVERYWHERE for row in lines) == BASKETS
    assert sum(row["net_amount"] for row in lines) == Decimal(4 * BASKETS)
    known = sum(number % 5 >= 2 for number in range(BASKETS))
    goods = rows("gold.product_days")
    assert sum(row["lines"] for row in goods if row["product_id"] == EVERYWHERE) == known
    assert sum(row["net_amount"] for row in goods) == Decimal(4 * known)


def test_who_is_not_known_is_nobodys_and_one_person_has_what_is_theirs(
    rows: Callable[[str], list[dict[str, Any]]],
) -> None:
    known = [number for number in range(BASKETS) if number % 5 >= 2]
    theirs = [number for number in known if number % 2]
    totals = rows("gold.customer_totals")
    largest = max(totals, key=lambda row: row["receipts"])
    assert (largest["receipts"], largest["net_revenue"]) == (len(theirs), Decimal(4 * len(theirs)))
    assert sum(row["receipts"] for row in totals) == len(known)
    (day,) = (row for row in rows("gold.kpi_daily") if row["purchased_on"] == DAY)
    assert (day["receipts"], day["identified_receipts"]) == (BASKETS, len(known))


def test_a_bots_events_are_one_visit_and_nobody_elses(rows: Callable[[str], list[dict[str, Any]]]) -> None:
    visits = rows("silver.sessions")
    assert sorted(row["events"] for row in visits) == [1] * 20 + [OF_THE_BOT]


LAYOUTS = ("plain", "gzip", "zstd", "tiny files")


def laid(settings: Settings, layout: str, records: list[dict[str, Any]]) -> None:
    if layout == "tiny files":
        for number, record in enumerate(records):
            land(settings, "web_events", f"{number:04}.jsonl", text_of([record]))
    elif layout == "zstd":
        land(settings, "web_events", "e.jsonl.zst", pa.compress(text_of(records), "zstd", asbytes=True))
    elif layout == "gzip":
        land(settings, "web_events", "e.jsonl.gz", gzip.compress(text_of(records)))
    else:
        land(settings, "web_events", "e.jsonl", text_of(records))


def test_one_content_gives_the_same_facts_however_it_is_packed_and_cut(
    spark: SparkSession, tmp_path: Path
) -> None:
    """Of 150 events 20 come twice and one is refused; a vendor's Parquet is `tests/landing/formats/test_ga4.py`'s."""
    records = [event(number, f"k{number % 7}") for number in range(150)]
    records += [*records[:20], {**event(1, "x"), "kind": None}]
    step = step_of("silver.web_events")
    assert step is not None
    found = {}
    for layout in LAYOUTS:
        settings = shop_settings(tmp_path / layout.replace(" ", "-"), feeds=())
        laid(settings, layout, records)
        with context.within(spark, settings, DAY, lambda _: None) as run:
            stages.ingest(run)
            counts = make(run.run, step).counts
        assert counts is not None
        told = (counts.received, counts.accepted, counts.refused, counts.duplicates)
        assert told == (171, 150, 1, 20)
        found[layout] = contents(settings, [step.table], without=("file", "position", "batch"))
    assert len(found["plain"][step.table.name]) == 150
    assert all(rows == found["plain"] for rows in found.values())


def test_the_cases_of_the_benchmark_differ_from_even_ones_in_one_thing(tmp_path: Path) -> None:
    """At a 2,000th of the size: half of a store, two in five unknown, a good everywhere, one card, one cookie."""
    from benchmarks import made
    from benchmarks.skew import cases

    shares = {}
    for number, (name, trap) in enumerate(cases(2_000).items()):
        place = tmp_path / str(number)
        records = min(trap.records, 400)
        made.land(place, trap.source, DAY, records, people=50, instead=trap.instead, ending=trap.ending)
        if trap.ending == ".jsonl":
            text = "".join(file.read_text(encoding="utf-8") for file in place.rglob("*.jsonl"))
            lines = [json.loads(line) for line in text.splitlines()]
            assert len(lines) == records
            shares[name] = lines
    half = shares["a store with half of all receipts"]
    assert 0.5 <= sum(row["store_id"] == "S0" for row in half) / len(half) < 0.55
    unknown = shares["nobody known for 40 % of the lines"]
    assert sum(row["loyalty_card"] is None for row in unknown) / len(unknown) == pytest.approx(0.4, abs=0.01)
    assert all(row["lines"][0]["product_id"] == "p0" for row in shares["a good in every basket"])
    bot = shares["a bot with 5,000 events"]
    assert sum(row["cookie"] == "c0" for row in bot) / len(bot) > 0.9
