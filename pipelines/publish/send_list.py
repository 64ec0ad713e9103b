"""One date's messages as files, for whoever sends them. Same input, same bytes. `docs/messages.md` has an example.

| file | what |
|---|---|
| `send_list.jsonl` | one message per line, as `messages.Message`; UTF-8, a newline behind every line |
| `send_list.parquet` | the same without `to`; blocks and items as nested lists, money as DECIMAL(18, 2) |
| `send_list.csv` | one row per item, for people with a spreadsheet; without `to`, too (`rows.as_csv`) |
| `send_list.schema.json` | the JSON Schema of a line: every field with its meaning |
| `send_list_refused.jsonl` | what does not go out, with its reason, as `messages.Refused` |

The JSON Lines alone hold contacts; `to` is null where none of the channel is known.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.gold.weather_normals import MEASURES
from pipelines.publish.messages import Message, Refused
from pipelines.publish.rows import as_csv

JSON_LINES, CSV, PARQUET = "send_list.jsonl", "send_list.csv", "send_list.parquet"
JSON_SCHEMA, REFUSED = "send_list.schema.json", "send_list_refused.jsonl"

COLUMNS = (
    *(
        "send_key",
        "as_of",
        "person",
        "channel",
        "trigger",
        "campaign",
        "block",
        "slot",
        "product_id",
        "title",
    ),
    *("price", "old_price", "currency", "image", "link", "reason", "score", "model_version"),
)
"""Of the CSV: those of a message, then those of the item."""

_MONEY = pa.decimal128(18, 2)
_ITEM = pa.struct(
    [
        pa.field("slot", pa.int32(), nullable=False),
        *(pa.field(name, pa.string(), nullable=False) for name in ("product_id", "title")),
        *(pa.field(name, _MONEY) for name in ("price", "old_price")),
        pa.field("image", pa.string()),
        *(pa.field(name, pa.string(), nullable=False) for name in ("link", "link_id", "reason")),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("model_version", pa.string(), nullable=False),
    ]
)
_WEATHER = pa.struct(
    [
        pa.field("day", pa.date32(), nullable=False),
        pa.field("region", pa.string(), nullable=False),
        *(pa.field(name, pa.decimal128(7, 3)) for name in MEASURES),
    ]
)
ARROW = pa.schema(
    [
        *(pa.field(name, pa.string(), nullable=False) for name in ("schema", "send_key")),
        pa.field("as_of", pa.date32(), nullable=False),
        *(pa.field(name, pa.string(), nullable=False) for name in ("person", "channel")),
        *(pa.field(name, pa.string(), nullable=False) for name in ("trigger", "campaign")),
        pa.field("send_at", pa.timestamp("us", tz="UTC")),
        *(pa.field(name, pa.string(), nullable=False) for name in ("currency", "unsubscribe")),
        pa.field("weather", _WEATHER),
        pa.field("blocks", pa.list_(pa.struct([("block", pa.string()), ("items", pa.list_(_ITEM))]))),
    ]
)
"""The schema of the Parquet file: that of `messages.Message`, without where it goes."""

_BATCH = 1000


@dataclass
class Listed:
    """What a list came to, counted while it was written.

    Args:
        messages: By trigger and channel.
        unaddressed: Messages whose person has no contact of the channel.
        items: Goods, by trigger and block.
        refused: By the name of the fault; items and whole messages.
    """

    messages: Counter[tuple[str, str]] = field(default_factory=Counter)
    unaddressed: int = 0
    items: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def count(self, message: Message) -> None:
        """Add a message."""
        self.messages[message.trigger, message.channel] += 1
        self.unaddressed += message.to is None
        for block in message.blocks:
            self.items[message.trigger, block.block] += len(block.items)


def export(found: Iterable[Message | Refused], folder: Path) -> Listed:
    """Write all files into the folder, which exists; a message at a time.

    Args:
        found: As `assemble.assembled` gives them.
        folder: Where the files go.
    """
    listed = Listed()
    schema = Message.model_json_schema(mode="serialization", by_alias=True)
    (folder / JSON_SCHEMA).write_text(json.dumps(schema, indent=1) + "\n", encoding="utf-8")
    with ExitStack() as files:
        lines, flat, refused = (
            files.enter_context((folder / name).open("w", encoding="utf-8", newline="\n"))
            for name in (JSON_LINES, CSV, REFUSED)
        )
        nested = files.enter_context(pq.ParquetWriter(folder / PARQUET, ARROW, compression="zstd"))
        flat.write(",".join(COLUMNS) + "\n")
        each = iter(found)
        while batch := list(islice(each, _BATCH)):
            messages = [one for one in batch if isinstance(one, Message)]
            for message in messages:
                listed.count(message)
                lines.write(message.line() + "\n")
                flat.writelines(f"{as_csv(row)}\n" for row in _flat(message))
            for one in batch:
                if isinstance(one, Refused):
                    listed.refused[one.reason] += 1
                    refused.write(one.model_dump_json() + "\n")
            records = [message.model_dump(by_alias=True, exclude={"to"}) for message in messages]
            nested.write_table(pa.Table.from_pylist(records, schema=ARROW))
    return listed


def read(lines: Iterable[str]) -> Iterator[Message]:
    """The messages of a `send_list.jsonl`."""
    return map(Message.model_validate_json, lines)


def _flat(message: Message) -> Iterator[tuple[Any, ...]]:
    told = {name: getattr(message, name) for name in COLUMNS if name in Message.model_fields}
    for block in message.blocks:
        for item in block.items:
            row = {**told, "block": block.block, **item.model_dump()}
            yield tuple(row[name] for name in COLUMNS)
