"""GA4's rows as web events: fields by hand, JSON and Parquet alike, ids that outlast a re-export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.landing.contract import PRIVATE, UNREAD
from pipelines.landing.formats.ga4 import web_event
from pipelines.landing.formats.ga4_items import event_id
from tests.landing.formats.contract import GOLDEN, golden, landed, records


def rows() -> list[dict[str, Any]]:
    text = (GOLDEN / "ga4" / "events_20240301.json").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()[:-1]]


def test_a_page_view(tmp_path: Path) -> None:
    _, found = golden(tmp_path, "ga4")
    page = found["web_events"][0]
    assert page.pop("event_id") == event_id(rows()[0])
    assert page == {
        "kind": "page_view",
        "occurred_at": "2024-03-01T10:00:00.123456Z",
        "cookie": "1234567.1700000000",
        "region": "Moscow",
        "device": "phone",
        "url": "https://shop.example/?utm_source=mail",
        "referrer": "https://mail.example/",
        "test_arm": "TOOL-hero-b",
        "utm_source": "mail",
        "utm_medium": "email",
        "utm_campaign": "spring",
        "vendor": {
            "event_date": "20240301",
            "event_bundle_sequence_id": "42",
            "stream_id": "987",
            "platform": "WEB",
            "device": {"web_info": {"browser": "Safari"}},
            "batch_page_id": "1",
            "batch_ordering_id": "1",
            "batch_event_index": "1",
            "event_params": {"ga_session_id": {"int_value": "1709287190"}},
            "collected_traffic_source": {"gclid": "Cj0K"},
            "geo": {"country": "Russia"},
        },
    }


def test_goods_shown_and_goods_bought(tmp_path: Path) -> None:
    _, found = golden(tmp_path, "ga4")
    shown, bought = found["web_events"][1:3]
    assert (shown["kind"], "lines" in shown) == ("category_view", False)
    assert shown["impressions"] == [
        {
            "product_id": "milk",
            "price": "1.2",
            "block": "bestsellers",
            "slot": "1",
            "vendor": {"item_name": "Fresh milk"},
        },
        {"product_id": "bread", "price": "3.0", "block": "Best sellers", "slot": "2"},
    ]
    assert (bought["kind"], bought["order_id"], bought["login"]) == ("purchase", "T12345", "U7")
    assert bought["lines"] == [
        {
            "product_id": "diapers",
            "price": "9.99",
            "quantity": "1",
            "vendor": {"item_brand": "Soft", "price": "9.989999771118164"},
        },
        {"product_id": "bread", "price": 3, "quantity": "1"},
    ]


def test_an_event_without_consent_and_one_that_the_contract_does_not_name(tmp_path: Path) -> None:
    _, found = golden(tmp_path, "ga4")
    started = found["web_events"][3]
    assert (started["kind"], started.get("cookie")) == ("session_start", None)


def test_an_address_in_a_pages_address_is_private_and_one_as_user_is_a_contact(tmp_path: Path) -> None:
    _, found = golden(tmp_path, "ga4")
    login = found["web_events"][4]
    assert "url" not in login
    assert login[PRIVATE] == {"url": "https://shop.example/in?email=ann%40test.com"}
    event = web_event({"event_name": "login", "user_id": "ann@test.com"})
    assert (event.get("login"), event["email"]) == (None, "ann@test.com")


def test_parquet_is_read_as_json_is(tmp_path: Path) -> None:
    """Integers come as numbers there, prices as floats, and what is missing as nulls."""
    every = {name: None for row in rows() for name in row}
    typed = [every | row for row in rows()]
    for row in typed:
        row["event_timestamp"] = int(row["event_timestamp"])
        for item in row["items"] or []:
            item["price"] = float(item["price"])
    pq.write_table(pa.Table.from_pylist(typed), tmp_path / "events.parquet", row_group_size=2)
    landed(tmp_path / "parquet", "ga4", tmp_path / "events.parquet")
    _, found = golden(tmp_path / "json", "ga4")
    from_parquet = records(tmp_path / "parquet")["web_events"]
    assert from_parquet[0] == found["web_events"][0]
    assert from_parquet[2]["lines"][0] == found["web_events"][2]["lines"][0]
    for one, other in zip(from_parquet, found["web_events"], strict=False):
        assert (one["event_id"], one["kind"]) == (other["event_id"], other["kind"])


def test_parquet_with_bigquerys_wrapped_lists(tmp_path: Path) -> None:
    wrapped = {
        "list": [{"element": {"key": "page_location", "value": {"string_value": "https://shop.example/"}}}]
    }
    table = pa.Table.from_pylist([{"event_name": "page_view", "event_timestamp": 0, "event_params": wrapped}])
    pq.write_table(table, tmp_path / "events.parquet")
    landed(tmp_path / "landing", "ga4", tmp_path / "events.parquet")
    [event] = records(tmp_path / "landing")["web_events"]
    assert (event["url"], event["occurred_at"]) == ("https://shop.example/", "1970-01-01T00:00:00Z")


def test_an_id_outlasts_a_later_export_and_tells_neighbours_apart() -> None:
    first, second, *_ = rows()
    assert event_id(first) == event_id({**first, "session_traffic_source_last_click": {"x": 1}})
    assert len({event_id(row) for row in rows()}) == len(rows())
    old = {name: value for name, value in first.items() if not name.startswith("batch_")}
    assert event_id(old) != event_id({**old, "platform": "IOS"})
    assert event_id(old) == event_id({**old, "event_timestamp": int(old["event_timestamp"]), "user_id": None})
    assert event_id(second) != event_id({**second, "batch_event_index": "3"})


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"event_name":"page_view","event_timestamp":"now"}', ("occurred_at", "now")),
        (
            '{"event_name":"page_view","event_params":{"page_location":"x"}}',
            ("vendor", {"event_params": {"as_received": {"page_location": "x"}}}),
        ),
        (
            '{"event_name":"page_view","event_timestamp":1,',
            (UNREAD, '{"event_name":"page_view","event_timestamp":1,'),
        ),
    ],
)
def test_wrong_inputs_land_as_received(tmp_path: Path, line: str, says: tuple[str, Any]) -> None:
    (tmp_path / "events.jsonl").write_text(f"{line}\n")
    landed(tmp_path / "landing", "ga4", tmp_path / "events.jsonl")
    [event] = records(tmp_path / "landing")["web_events"]
    assert event[says[0]] == says[1]


def test_params_and_items_out_of_shape_travel_as_they_are() -> None:
    for value in (None, "x", 1, [], [1], ["x"], {}, {"a": 1}, [{"b": 1}]):
        event = web_event(
            {"event_params": value, "items": value, "geo": value, "collected_traffic_source": value}
        )
        json.dumps(event)
        if value == "x":
            assert event["vendor"]["items"] == "x"
            assert event["vendor"]["event_params"] == event["vendor"]["geo"] == {"as_received": "x"}
    twice = [{"key": "a", "value": {"int_value": 1}}, {"key": "a", "value": {"int_value": 2}}]
    assert web_event({"event_params": twice})["vendor"] == {"event_params": {"as_received": twice}}
