"""One date's send list as two files, for whoever sends the mails. Same input, same bytes.

`send_list.jsonl`: one message per line, by person; UTF-8, and a newline behind every line.

```json
{"schema": "send_list/1", "as_of": "2017-12-31", "person": "p0a1...", "to": {"email": "jo@example.org"},
 "campaign": "receipt_mail/2017-12-31", "blocks": [{"block": "replenishment", "items": [{"slot": 1,
 "product_id": "1029743", "title": "...", "reason": "...", "score": 3.0, "model_version": "..."}]}]}
```

`to` is null where no address of the person is known. Blocks stand in the order of the mail, without the empty
ones; items by slot.

`send_list.csv`: one row per item, for people with a spreadsheet; a header line, texts quoted as in RFC 4180,
a newline behind every line, rows in the order of the messages. It has the columns of `gold.send_list` and no
addresses. A text that a spreadsheet would run as a formula has an apostrophe before it, and line breaks and
tabs are spaces.

New keys may appear in schema 1; a key that goes or changes its meaning makes it schema 2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from pipelines.gold.send_list import TABLE
from pipelines.gold.send_list_blocks import turn

SCHEMA = "send_list/1"
JSON_LINES, CSV = "send_list.jsonl", "send_list.csv"
ITEM = ("slot", "product_id", "title", "reason", "score", "model_version")

_FORMULA = re.compile(r" ?[=+\-@＝＋－＠]")

OpenContacts = Callable[[DataFrame], DataFrame]
"""Opens the vault: one column `person_id` in, `person_id` and `email` out, at most one row each."""


def export(send_list: DataFrame, folder: Path, *, open_contacts: OpenContacts | None = None) -> None:
    """Write both files into the folder. Rows pass through the driver one partition at a time.

    Args:
        send_list: One date of `gold.send_list`.
        folder: Where the files go; it exists.
        open_contacts: Where addresses come from; null: nobody's is known.
    """
    _write(map(_as_json, _rows(messages(send_list, open_contacts))), folder / JSON_LINES)
    items = send_list.select(*TABLE.names).orderBy("person_id", turn(), "slot")
    _write(map(_as_csv, _rows(items)), folder / CSV, header=",".join(TABLE.names))


def messages(send_list: DataFrame, open_contacts: OpenContacts | None) -> DataFrame:
    """One row per message, its columns the keys of its JSON, in the order of the file."""
    mail = ("as_of", "person_id", "campaign")
    blocks = send_list.groupBy(*mail, "block").agg(
        F.array_sort(F.collect_list(F.struct(*ITEM))).alias("items")
    )
    mails = blocks.groupBy(*mail).agg(
        F.array_sort(F.collect_list(F.struct(turn().alias("turn"), "block", "items"))).alias("blocks")
    )
    return (
        _addressed(mails, open_contacts)
        .orderBy("person_id")
        .select(
            F.lit(SCHEMA).alias("schema"),
            F.col("as_of").cast("string").alias("as_of"),
            F.col("person_id").alias("person"),
            "to",
            "campaign",
            F.transform("blocks", _block).alias("blocks"),
        )
    )


def _block(ranked: Column) -> Column:
    return F.struct(ranked["block"].alias("block"), ranked["items"].alias("items"))


def _addressed(mails: DataFrame, open_contacts: OpenContacts | None) -> DataFrame:
    """The mails with `to`, a struct of the addresses that are known; null where there is none."""
    known = F.when(F.col("email").isNotNull(), F.struct("email")).alias("to")
    if open_contacts is None:
        return mails.withColumn("email", F.lit(None).cast("string")).select(*mails.columns, known)
    contacts = open_contacts(mails.select("person_id").distinct())
    return mails.join(contacts, on="person_id", how="left").select(*mails.columns, known)


def harmless(text: str) -> str:
    """The text as no spreadsheet takes it for a formula.

    >>> harmless("=1+1")
    "'=1+1"
    """
    flat = re.sub(r"\s+", " ", text)
    return f"'{flat}" if _FORMULA.match(flat) else flat


def _as_json(message: Row) -> str:
    return json.dumps(message.asDict(recursive=True), ensure_ascii=False, separators=(",", ":"))


def _as_csv(item: Row) -> str:
    return ",".join(map(_field, item))


def _field(value: object) -> str:
    """The value as CSV; a null, which the contract forbids, as nothing."""
    if not isinstance(value, str):
        return "" if value is None else str(value)
    return '"' + harmless(value).replace('"', '""') + '"'


def _rows(frame: DataFrame) -> Iterator[Row]:
    return frame.toLocalIterator(prefetchPartitions=True)


def _write(lines: Iterable[str], path: Path, *, header: str | None = None) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        if header is not None:
            file.write(header + "\n")
        file.writelines(f"{line}\n" for line in lines)
