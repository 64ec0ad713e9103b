"""The Complete Journey as landing files: a slice of the year, to the cent, the same on every call."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.errors import DataError, SystemFault
from pipelines.landing.files import landed
from pipelines.landing.formats import complete_journey, complete_journey_records
from pipelines.landing.formats.complete_journey import LandedCounts, land, land_receipts, land_reference
from pipelines.landing.formats.complete_journey_records import Lines, read_lines
from pipelines.landing.sources import SOURCES

ZONE = "America/New_York"
FIELDS = {source.name: {field.name for field in source.fields} for source in SOURCES}


@pytest.fixture(scope="module")
def lines() -> Lines:
    return read_lines(ZONE)


@pytest.fixture(scope="module")
def reference(lines: Lines, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("landing")
    land_reference(str(root), lines)
    return root


def records(root: Path, source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each record of a source with its arrival, in the order of arrival."""
    for path in sorted(root.glob(f"{source}/*/*")):
        raw = path.read_bytes()
        for line in (gzip.decompress(raw) if path.suffix == ".gz" else raw).splitlines():
            yield path.parent.name.removeprefix("arrived="), json.loads(line)


def test_the_year_is_the_shops_own(lines: Lines) -> None:
    days = np.unique(lines.days).tolist()
    assert (min(days), max(days), len(days)) == (date(2017, 1, 1), date(2017, 12, 31), 364)
    assert date(2017, 12, 25) not in days


def test_days_of_receipts(lines: Lines, tmp_path: Path) -> None:
    counts = land_receipts(str(tmp_path), lines, date(2017, 1, 1), date(2017, 1, 3))
    found = list(records(tmp_path, "receipts"))
    assert counts.files == {"receipts": 2}
    assert counts.receipts == len(found) == len({receipt["receipt_no"] for _, receipt in found})
    assert counts.lines == sum(len(receipt["lines"]) for _, receipt in found)
    amounts = [line["net_amount"] for _, receipt in found for line in receipt["lines"]]
    assert counts.cents == sum(int(amount.replace(".", "")) for amount in amounts)
    assert {len(amount.split(".")[1]) for amount in amounts} == {2}
    assert found[0] == (
        "20170102T053000Z",
        {
            "receipt_no": "31198570044",
            "store_id": "330",
            "purchased_at": "2017-01-01T11:53:26Z",
            "loyalty_card": "900",
            "lines": [{"product_id": "1095275", "quantity": 1, "net_amount": "0.50"}],
        },
    )
    assert found[1][1]["lines"][0]["loyalty_discount"] == "0.10"
    assert [at for at, _ in found] == sorted(at for at, _ in found)


def test_receipts_agree_with_the_package(lines: Lines, tmp_path: Path) -> None:
    [(_, rows)] = lines.by_day(date(2017, 6, 15), date(2017, 6, 16))
    land_receipts(str(tmp_path), lines, date(2017, 6, 15), date(2017, 6, 16))
    found = [(r, line) for _, r in records(tmp_path, "receipts") for line in r["lines"]]
    assert len(found) == len(rows)
    for (receipt, line), row in zip(found, rows.itertuples(), strict=True):
        assert (receipt["receipt_no"], receipt["store_id"]) == (str(row.basket_id), str(row.store_id))
        assert receipt["loyalty_card"] == str(row.household_id)
        assert receipt["purchased_at"] == f"{row.transaction_timestamp.isoformat()}Z"
        assert (line["product_id"], line["quantity"]) == (str(row.product_id), row.quantity)
        assert line["net_amount"] == f"{row.sales_value:.2f}"
        assert float(line.get("loyalty_discount", 0)) == pytest.approx(row.retail_disc)
        assert float(line.get("coupon_discount", 0)) == pytest.approx(row.coupon_disc + row.coupon_match_disc)
        assert "0.00" not in {line.get("loyalty_discount"), line.get("coupon_discount")}


def test_christmas_brings_no_file(lines: Lines, tmp_path: Path) -> None:
    counts = land_receipts(str(tmp_path), lines, date(2017, 12, 24), date(2017, 12, 27))
    assert counts.files == {"receipts": 2}
    names = sorted(path.name for path in tmp_path.glob("receipts/*/*"))
    assert names == ["receipts-2017-12-24.jsonl.gz", "receipts-2017-12-26.jsonl.gz"]


def test_reference_data_come_first(reference: Path) -> None:
    files, astray = landed(str(reference), SOURCES, datetime(2018, 6, 1, tzinfo=UTC))
    assert astray == []
    assert {file.source for file in files[:3]} == {"customers", "products", "stores"}
    assert files[2].arrived_at < files[3].arrived_at
    expected = {"products": 92_331, "stores": 457, "customers": 801, "campaigns": 27}
    for source, count in expected.items():
        assert sum(path.read_bytes().count(b"\n") for path in reference.glob(f"{source}/*/*")) == count


def test_records_keep_to_the_contract(reference: Path) -> None:
    for source in SOURCES[1:]:
        required = {field.name for field in source.fields if field.required}
        for _, record in islice(records(reference, source.name), 2000):
            assert required <= record.keys() <= FIELDS[source.name]
            assert None not in record.values()


def test_events(reference: Path) -> None:
    events = list(records(reference, "engagement"))
    assert len({event["event_id"] for _, event in events}) == len(events) == 6589 + 2102
    kinds = [event["kind"] for _, event in events]
    assert (kinds.count("sent"), kinds.count("coupon_redeemed")) == (6589, 2102)
    assert all(event["occurred_at"].replace("-", "").replace(":", "") < at for at, event in events)
    plans = {plan["campaign_id"]: at for at, plan in records(reference, "campaigns")}
    assert all(plans[event["campaign_id"]] < at for at, event in events)


def test_the_same_again(lines: Lines, tmp_path: Path) -> None:
    """Killed half-way and run again: what is there stays, what is missing comes, with the same bytes."""
    days = (date(2017, 3, 1), date(2017, 3, 4))
    land_receipts(str(tmp_path), lines, *days)
    before = {path: path.read_bytes() for path in tmp_path.glob("*/*/*")}
    next(iter(before)).unlink()
    assert land_receipts(str(tmp_path), lines, *days).files == {"receipts": 3}
    assert {path: path.read_bytes() for path in tmp_path.glob("*/*/*")} == before


def test_the_manifest_ends_it(lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole of `land`, with one line standing for each month."""
    monkeypatch.setattr(complete_journey_records, "read_lines", lambda _: lines)
    few = LandedCounts(1, 1, 1, {"receipts": 1})
    monkeypatch.setattr(complete_journey, "land_receipts", lambda *_: few)
    monkeypatch.setattr(complete_journey, "land_reference", lambda *_: LandedCounts(files={"stores": 1}))
    with pytest.raises(DataError, match="12 lines"):
        land(str(tmp_path), time_zone=ZONE)
    assert not (tmp_path / complete_journey.MANIFEST).exists()
    for name in ("LINES", "RECEIPTS", "CENTS"):
        monkeypatch.setattr(complete_journey, name, 12)
    steps: list[tuple[int, int]] = []
    first = land(str(tmp_path), time_zone=ZONE, progress=lambda *step: steps.append(step))
    assert steps == [(step, 13) for step in range(1, 14)]
    assert first == LandedCounts(12, 12, 12, {"receipts": 12, "stores": 1})
    monkeypatch.setattr(complete_journey_records, "read_lines", pytest.fail)
    assert land(str(tmp_path), time_zone=ZONE) == first


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise ModuleNotFoundError

    monkeypatch.setattr(complete_journey_records.resources, "files", missing)
    with pytest.raises(SystemFault) as caught:
        read_lines(ZONE)
    assert caught.value.remedy == "pip install 'tillpost[demo]'"
