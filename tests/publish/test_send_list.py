"""The files of a list: the same messages in three forms, whole, in order, and only one of them with contacts."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.publish.assemble import assembled
from pipelines.publish.messages import Message
from pipelines.publish.send_list import (
    ARROW,
    COLUMNS,
    CSV,
    JSON_LINES,
    JSON_SCHEMA,
    PARQUET,
    REFUSED,
    export,
    read,
)
from tests.publish.messages_case import SHOP, link_id, row

FORMULAS = ["=1+1", "+cmd|'/c calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r\n=1", " =1", "＝1"]
ROWS = [
    *(row(send_key="a" * 32, slot=n, product_id=f"f{n}", title=title) for n, title in enumerate(FORMULAS, 1)),
    row(send_key="b" * 32, person_id="p2", block="replenishment", title='Say "cheese", 5 oz', score=-7.0),
    row(
        send_key="b" * 32,
        person_id="p2",
        product_id="2",
        price=None,
        old_price=None,
        title="Ünïcode </script>",
    ),
    row(send_key="b" * 32, person_id="p2", slot=2, product_id="3", title=""),
    row(send_key="c" * 32, person_id="p3", address=None, old_price=Decimal("4.00")),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("export")
    export(assembled(ROWS, SHOP, link_id), place)
    return place


def lines(folder: Path, name: str) -> list[str]:
    return (folder / name).read_text("utf-8").splitlines()


def test_a_line_is_a_message_as_its_schema_says(folder: Path) -> None:
    told = json.loads(lines(folder, JSON_LINES)[1])
    schema = json.loads((folder / JSON_SCHEMA).read_text("utf-8"))
    assert list(told) == list(schema["properties"])
    assert told["schema"] == "send_list/2"
    assert told["to"] == {"email": "jo@example.org", "phone": None, "push_token": None}
    first, second = (block["items"][0] for block in told["blocks"])
    assert (first["title"], first["price"], first["score"]) == ('Say "cheese", 5 oz', "3.49", -7.0)
    assert (second["title"], second["price"], second["image"]) == ("Ünïcode </script>", None, None)
    item = schema["$defs"]["Item"]["properties"]
    assert all(field.get("description") for field in item.values())


def test_lines_read_back_are_the_messages(folder: Path) -> None:
    again = list(read(lines(folder, JSON_LINES)))
    assert again == [one for one in assembled(ROWS, SHOP, link_id) if isinstance(one, Message)]
    assert again[2].to is None


def test_parquet_holds_the_same_messages_without_contacts(folder: Path) -> None:
    table = pq.read_table(folder / PARQUET)
    assert table.schema.equals(ARROW)
    told = [Message.model_validate({**record, "to": None}) for record in table.to_pylist()]
    assert told == [message.model_copy(update={"to": None}) for message in read(lines(folder, JSON_LINES))]


def test_the_table_is_flat_without_addresses_and_runs_no_formula(folder: Path) -> None:
    text = (folder / CSV).read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert "example.org" not in text
    assert tuple(rows[0]) == COLUMNS
    assert len(text.splitlines()) == 1 + len(rows) == 1 + len(ROWS) - 1
    assert (rows[-1]["price"], rows[-1]["old_price"]) == ("3.49", "4.00")
    assert all(r["title"].startswith("'") or r["title"][0] not in "=+-@＝" for r in rows)


def test_what_is_refused_stands_with_its_reason(folder: Path) -> None:
    (refused,) = map(json.loads, lines(folder, REFUSED))
    assert (refused["product_id"], refused["reason"]) == ("3", "NO_TITLE")


def test_the_same_rows_give_the_same_bytes_and_are_counted(folder: Path, tmp_path: Path) -> None:
    listed = export(assembled(ROWS, SHOP, link_id), tmp_path)
    for name in (JSON_LINES, CSV, PARQUET, JSON_SCHEMA, REFUSED):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert listed.messages == {("receipt_mail", "email"): 3}
    assert listed.items == {("receipt_mail", "related"): 10, ("receipt_mail", "replenishment"): 1}
    assert (listed.unaddressed, listed.refused) == (1, {"NO_TITLE": 1})


def test_an_empty_day_is_empty_files(tmp_path: Path) -> None:
    export([], tmp_path)
    assert (tmp_path / JSON_LINES).read_bytes() == b""
    assert (tmp_path / CSV).read_text() == ",".join(COLUMNS) + "\n"
    assert pq.read_table(tmp_path / PARQUET).num_rows == 0
