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

from collections.abc import Callable
from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

from pipelines.gold.send_list import TABLE
from pipelines.gold.send_list_blocks import BLOCKS

SCHEMA = "send_list/1"
JSON_LINES, CSV = "send_list.jsonl", "send_list.csv"
ITEM = ("slot", "product_id", "title", "reason", "score", "model_version")

OpenContacts = Callable[[DataFrame], DataFrame]
"""Opens the vault: one column `person_id` in, `person_id` and `email` out, at most one row each."""


def export(send_list: DataFrame, folder: Path, *, open_contacts: OpenContacts | None = None) -> None:
    """Write both files into the folder. Rows pass through the driver one partition at a time.

    Args:
        send_list: One date of `gold.send_list`.
        folder: Where the files go; it exists.
        open_contacts: Where addresses come from; null: nobody's is known.
    """
    _write(messages(send_list, open_contacts), folder / JSON_LINES)
    _write(lines(send_list), folder / CSV, header=",".join(TABLE.names))


def messages(send_list: DataFrame, open_contacts: OpenContacts | None) -> DataFrame:
    """One column `line`, a message as JSON, in the order of the file."""
    mail = ("as_of", "person_id", "campaign")
    order = F.array_position(F.array(*map(F.lit, BLOCKS)), F.col("block"))
    blocks = send_list.groupBy(*mail, "block").agg(
        F.array_sort(F.collect_list(F.struct(*ITEM))).alias("items")
    )
    mails = blocks.groupBy(*mail).agg(
        F.array_sort(F.collect_list(F.struct(order.alias("order"), "block", "items"))).alias("blocks")
    )
    message = F.struct(
        F.lit(SCHEMA).alias("schema"),
        "as_of",
        F.col("person_id").alias("person"),
        "to",
        "campaign",
        F.transform("blocks", _block).alias("blocks"),
    )
    text = F.to_json(message, {"ignoreNullFields": "false"})
    return _addressed(mails, open_contacts).orderBy("person_id").select(text.alias("line"))


def _block(ranked: Column) -> Column:
    return F.struct(ranked["block"].alias("block"), ranked["items"].alias("items"))


def _addressed(mails: DataFrame, open_contacts: OpenContacts | None) -> DataFrame:
    """The mails with `to`, a struct of the addresses that are known; null where there is none."""
    known = F.when(F.col("email").isNotNull(), F.struct("email")).alias("to")
    if open_contacts is None:
        return mails.withColumn("email", F.lit(None).cast("string")).select(*mails.columns, known)
    contacts = open_contacts(mails.select("person_id").distinct())
    return mails.join(contacts, on="person_id", how="left").select(*mails.columns, known)


def lines(send_list: DataFrame) -> DataFrame:
    """One column `line`, an item as CSV, in the order of the file."""
    order = F.array_position(F.array(*map(F.lit, BLOCKS)), F.col("block"))
    fields = (_field(name) for name in TABLE.names)
    return send_list.orderBy("person_id", order, "slot").select(F.concat_ws(",", *fields).alias("line"))


def _field(name: str) -> Column:
    """The column as CSV; a null, which the contract forbids, as nothing."""
    if not isinstance(TABLE.schema[name].dataType, StringType):
        return F.coalesce(F.col(name).cast("string"), F.lit(""))
    text = F.replace(harmless(F.coalesce(name, F.lit(""))), F.lit('"'), F.lit('""'))
    return F.concat(F.lit('"'), text, F.lit('"'))


def harmless(text: Column) -> Column:
    """The text as no spreadsheet takes it for a formula: `=1+1` becomes `'=1+1`."""
    flat = F.regexp_replace(text, r"\s+", " ")
    return F.when(flat.rlike(r"^ ?[=+\-@＝＋－＠]"), F.concat(F.lit("'"), flat)).otherwise(flat)


def _write(rows: DataFrame, path: Path, *, header: str | None = None) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        if header is not None:
            file.write(header + "\n")
        for row in rows.toLocalIterator(prefetchPartitions=True):
            file.write(row.line + "\n")
