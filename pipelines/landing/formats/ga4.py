"""Google Analytics 4's BigQuery export, a row an event → `web_events`.

The rows of `events_YYYYMMDD` as exported from BigQuery, in JSON Lines or Parquet. Their schema:
https://support.google.com/analytics/answer/7029846; the names of events and of items:
https://developers.google.com/analytics/devguides/collection/ga4/reference/events.

| GA4 | `web_events` |
|---|---|
| `event_name` | `kind`: view_item_list is `category_view`, view_item `product_view`, view_search_results `search`, add_to_cart `cart`; page_view, search, purchase, login, subscribe and any other keep their name |
| `event_timestamp`, in microseconds | `occurred_at` |
| `user_pseudo_id` | `cookie` |
| `user_id` | `login`; `email`, sealed at ingest, where it is an address |
| `event_params`: page_location, page_referrer, search_term, transaction_id, mail_link_id, push_token, exp_variant_string | `url`, `referrer`, `search_text`, `order_id`, `mail_link_id`, `push_token`, `test_arm` |
| `collected_traffic_source.manual_*`, else `event_params`: source, medium, campaign, content, term | `utm_*` |
| `geo.region` | `region` |
| `device.category`: mobile, tablet, desktop, smart tv | `device`: phone, tablet, desktop, tv; any other stays |
| `items` | `impressions` of a view_item_list, `lines` of any other |

GA4 gives an event no id: `ga4_items.event_id` makes one. A price is rounded to cents, since GA4 keeps floats.
The rest (e-commerce totals, other parameters) travels under `vendor`, by GA4's own names.
"""  # noqa: E501 - a row of a table

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.landing.formats.ga4_items import event_id, impressions, lines
from pipelines.landing.formats.json_files import json_records
from pipelines.landing.formats.private import VENDOR
from pipelines.landing.formats.reading import Fields, Unread, parquet_records, suffix
from pipelines.landing.formats.vendor import Format, Item, Reading, Record, Refused, instant, known, text

SOURCE = "web_events"

KINDS = {
    "view_item_list": "category_view",
    "view_item": "product_view",
    "view_search_results": "search",
    "add_to_cart": "cart",
}
DEVICES = {"mobile": "phone", "tablet": "tablet", "desktop": "desktop", "smart tv": "tv"}
_PARAMS = {
    "url": "page_location",
    "referrer": "page_referrer",
    "search_text": "search_term",
    "order_id": "transaction_id",
    "mail_link_id": "mail_link_id",
    "push_token": "push_token",
    "test_arm": "exp_variant_string",
}
_UTM = {
    "utm_source": ("manual_source", "source"),
    "utm_medium": ("manual_medium", "medium"),
    "utm_campaign": ("manual_campaign_name", "campaign"),
    "utm_content": ("manual_content", "content"),
    "utm_term": ("manual_term", "term"),
}


def convert(files: Sequence[Path], reading: Reading) -> Iterator[Item]:
    """One record a row."""
    for file in files:
        rows = parquet_records(file) if suffix(file) == ".parquet" else json_records(file)
        for row in reading.each(rows):
            yield Refused(SOURCE, row) if isinstance(row, Unread) else Record(SOURCE, web_event(row))


def web_event(row: Fields) -> Fields:
    """One row as a canonical record."""
    rest = dict(row)
    params, traffic, geo = _params(rest), _object(rest, "collected_traffic_source"), _object(rest, "geo")
    device = _object(rest, "device")
    form = DEVICES.get(text(device.get("category")) or "")
    if form:
        device.pop("category")
    name, items = text(rest.pop("event_name", None)), rest.pop("items", None)
    read, user = _read(items), text(rest.pop("user_id", None))
    by_address = user is not None and "@" in user
    found = known(
        event_id=event_id(row),
        kind=KINDS.get(name or "", name),
        occurred_at=instant(rest.pop("event_timestamp", None), 1_000_000),
        cookie=text(rest.pop("user_pseudo_id", None)),
        login=None if by_address else user,
        email=user if by_address else None,
        region=text(geo.pop("region", None)),
        device=form,
        **{field: _taken(params, param) for field, param in _PARAMS.items()},
        **{
            field: text(traffic.pop(manual, None)) or _taken(params, param)
            for field, (manual, param) in _UTM.items()
        },
        impressions=impressions(read) if name == "view_item_list" else None,
        lines=None if name == "view_item_list" else lines(read),
    )
    rest |= {"event_params": params, "collected_traffic_source": traffic, "geo": geo, "device": device}
    rest |= {"items": items} if items and not read else {}
    vendor = {key: value for key, value in rest.items() if value not in (None, {}, [])}
    return found | known(**{VENDOR: vendor})


def _params(rest: Fields) -> Fields:
    """The event's parameters by name, each with its value as GA4 types it."""
    params = rest.pop("event_params", None)
    if not isinstance(params, list) or not all(isinstance(p, dict) and "key" in p for p in params):
        return known(as_received=params)
    by_name = {str(param["key"]): param.get("value") for param in params}
    return by_name if len(by_name) == len(params) else known(as_received=params)


def _taken(params: Fields, name: str) -> str | None:
    """A parameter's value, whichever its type; it no longer travels under `vendor`."""
    typed = params.get(name)
    values = [value for value in typed.values() if value is not None] if isinstance(typed, dict) else []
    if len(values) != 1 or text(values[0]) is None:
        return None
    params.pop(name)
    return text(values[0])


def _object(rest: Fields, name: str) -> Fields:
    found = rest.pop(name, None)
    return dict(found) if isinstance(found, dict) else known(as_received=found)


def _read(items: Any) -> list[Fields]:
    """The items, or none where they are not in GA4's shape."""
    shaped = isinstance(items, list) and all(isinstance(item, dict) for item in items)
    return items if shaped else []


FORMAT = Format(
    name="ga4",
    says="Google Analytics 4's BigQuery export, a row an event",
    maps="each row is one of `web_events`; GA4's names of events become the contract's",
    sources=(SOURCE,),
    suffixes=(".json", ".jsonl", ".ndjson", ".parquet"),
    convert=convert,
)
