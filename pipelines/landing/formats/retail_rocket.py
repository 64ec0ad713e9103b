"""Retail Rocket's public dataset → `web_events` and `products`.

Four and a half months of a web shop, every value hashed but the property `available` and the categories
(https://www.kaggle.com/datasets/retailrocket/ecommerce-dataset). Its files are one set; a file is known by how
its name begins.

| file | becomes |
|---|---|
| `events.csv`: timestamp in milliseconds, visitorid, event, itemid, transactionid | `web_events`, one a row: view is `product_view`, addtocart `cart`, transaction `purchase`; the visitor is the `cookie` |
| `item_properties_part*.csv`: timestamp, itemid, property, value | `products`, one an item, with its latest category; the rows travel under `vendor` |
| `category_tree.csv`: categoryid, parentid | the item's category path: its first level is the `department`, the second the `category`, the last, if deeper, the `product_type` |

An event gets an id made of its row: equal rows are one event told twice.
"""  # noqa: E501 - a row of a table

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.errors import DataError
from pipelines.landing.formats.csv_files import check_header, csv_records
from pipelines.landing.formats.private import VENDOR
from pipelines.landing.formats.reading import Fields, Unread
from pipelines.landing.formats.spill import Keyed, grouped
from pipelines.landing.formats.vendor import (
    Aside,
    Format,
    Item,
    Reading,
    Record,
    Refused,
    instant,
    known,
    made_id,
)

KINDS = {"view": "product_view", "addtocart": "cart", "transaction": "purchase"}
TREE_READ = "read as the categories' paths, which products carry"

_EVENTS = ("timestamp", "visitorid", "event", "itemid", "transactionid")
_PROPERTIES = ("timestamp", "itemid", "property", "value")
_TREE = ("categoryid", "parentid")
_NEEDS = {"events": _EVENTS, "item_properties": _PROPERTIES, "category_tree": _TREE}
_DEEPEST = 32  # a tree that is deeper goes round in circles


def convert(files: Sequence[Path], reading: Reading) -> Iterator[Item]:
    """The events, then the goods."""
    sets = {name: [file for file in files if file.name.lower().startswith(name)] for name in _NEEDS}
    if strangers := sorted({*files} - {file for found in sets.values() for file in found}):
        raise DataError(
            f"{strangers[0]} is none of Retail Rocket's files",
            remedy="They are called events.csv, item_properties_part1.csv, ..., category_tree.csv.",
        )
    for name, found in sets.items():
        for file in found:
            check_header(file, needs=_NEEDS[name])
    yield from _converted(reading, sets["events"], sets["item_properties"], sets["category_tree"])


def _converted(
    reading: Reading, events: Sequence[Path], properties: Sequence[Path], trees: Sequence[Path]
) -> Iterator[Item]:
    parents: dict[str, str] = {}
    for file in trees:
        for row in reading.each(csv_records(file, needs=_TREE)):
            if isinstance(row, Unread):
                yield Refused("products", row)
            else:
                parents[row["categoryid"]] = row["parentid"]
                yield Aside(TREE_READ, 1)
    for file in events:
        for row in reading.each(csv_records(file, needs=_EVENTS)):
            yield Refused("web_events", row) if isinstance(row, Unread) else Record("web_events", event(row))
    for found in grouped(_by_item(properties, reading)):
        if isinstance(found, Unread):
            yield Refused("products", found)
        else:
            item, changes = found
            yield Record("products", product(item, changes, parents), read=len(changes))


def event(row: Mapping[str, str]) -> Fields:
    """One row of `events.csv` as a canonical record."""
    rest = {name: value for name, value in row.items() if name not in _EVENTS and value}
    kind = row["event"]
    return known(
        event_id=made_id(*(row[name] for name in _EVENTS)),
        kind=KINDS.get(kind, kind),
        occurred_at=instant(row["timestamp"], 1000),
        cookie=row["visitorid"],
        order_id=row["transactionid"],
        lines=[{"product_id": row["itemid"]}] if row["itemid"] else None,
        **{VENDOR: rest},
    )


def product(item: str, changes: Sequence[Sequence[Any]], parents: Mapping[str, str]) -> Fields:
    """All that was said of one item, as a canonical record.

    Args:
        item: Its id.
        changes: Timestamp, property, value, and columns nobody foresaw, in the files' order.
        parents: The category tree.
    """
    history: dict[str, list[list[Any]]] = {}
    for at, name, *value in sorted(changes, key=_when):
        history.setdefault(name, []).append([at, *value])
    leaf = history["categoryid"][-1][1] if "categoryid" in history else ""
    path = _path(leaf, parents)
    return known(
        product_id=item,
        department=path[0] if path else None,
        category=path[1] if len(path) > 1 else None,
        product_type=path[-1] if len(path) > 2 else None,
        **{VENDOR: known(properties=history, category_path=path)},
    )


def _path(leaf: str, parents: Mapping[str, str]) -> list[str]:
    """From the first level down to the category; a category that the tree lacks is a first level."""
    path: list[str] = []
    while leaf and leaf not in path and len(path) < _DEEPEST:
        path.append(leaf)
        leaf = parents.get(leaf, "")
    return path[::-1]


def _when(change: Sequence[Any]) -> tuple[int, str]:
    at = change[0]
    return (int(at), "") if at.isdecimal() else (-1, at)


def _by_item(files: Sequence[Path], reading: Reading) -> Iterator[Keyed | Unread]:
    for file in files:
        for row in reading.each(csv_records(file, needs=_PROPERTIES)):
            if isinstance(row, Unread):
                yield row
            else:
                more = {name: value for name, value in row.items() if name not in _PROPERTIES and value}
                yield (
                    row["itemid"],
                    [row["timestamp"], row["property"], row["value"], *([more] if more else [])],
                )


FORMAT = Format(
    name="retail_rocket",
    says="Retail Rocket's public dataset of a web shop",
    maps="events become `web_events`, an item's properties and categories one of `products`",
    sources=("web_events", "products"),
    suffixes=(".csv",),
    convert=convert,
    together=True,
)
