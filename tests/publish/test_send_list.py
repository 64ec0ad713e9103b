from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.gold.send_list import TABLE
from pipelines.publish.send_list import CSV, JSON_LINES, export

pytestmark = pytest.mark.spark

DAY = date(2024, 3, 10)
FORMULAS = ["=1+1", "+cmd|'/c calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r\n=1", " =1", "＝1"]


def slot(person: str, block: str, number: int, title: str = "Tea", score: float = 0.25) -> tuple[object, ...]:
    product = f"{block[0]}{number}"
    return (DAY, person, "receipt_mail/2024-03-10", block, number, product, title, "Because.", score, "als/1")


@pytest.fixture(scope="module")
def mails(spark: SparkSession) -> DataFrame:
    rows = [
        slot("p2", "interests", 1, 'Say "cheese", 5 oz'),
        slot("p2", "replenishment", 2, "Ünïcode </script>"),
        slot("p2", "replenishment", 1, score=-7.0),
        *(slot("p1", "personal", n, title) for n, title in enumerate(FORMULAS, start=1)),
        slot("p10", "personal", 1, "Two\nlines"),
    ]
    return spark.createDataFrame(rows, TABLE.schema)


@pytest.fixture(scope="module")
def folder(mails: DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("export")

    def contacts(people: DataFrame) -> DataFrame:
        assert people.columns == ["person_id"]
        return people.where("person_id <> 'p1'").select(
            "person_id", F.when(F.col("person_id") == "p2", F.lit("jo@example.org")).alias("email")
        )

    export(mails, place, open_contacts=contacts)
    return place


def test_a_message_per_line_in_the_order_of_persons_blocks_and_slots(folder: Path) -> None:
    messages = [json.loads(line) for line in (folder / JSON_LINES).read_text("utf-8").splitlines()]
    assert [message["person"] for message in messages] == ["p1", "p10", "p2"]
    assert messages[2] == {
        "schema": "send_list/1",
        "as_of": "2024-03-10",
        "person": "p2",
        "to": {"email": "jo@example.org"},
        "campaign": "receipt_mail/2024-03-10",
        "blocks": [
            {
                "block": "replenishment",
                "items": [
                    {
                        "slot": 1,
                        "product_id": "r1",
                        "title": "Tea",
                        "reason": "Because.",
                        "score": -7.0,
                        "model_version": "als/1",
                    },
                    {
                        "slot": 2,
                        "product_id": "r2",
                        "title": "Ünïcode </script>",
                        "reason": "Because.",
                        "score": 0.25,
                        "model_version": "als/1",
                    },
                ],
            },
            {
                "block": "interests",
                "items": [
                    {
                        "slot": 1,
                        "product_id": "i1",
                        "title": 'Say "cheese", 5 oz',
                        "reason": "Because.",
                        "score": 0.25,
                        "model_version": "als/1",
                    }
                ],
            },
        ],
    }


def test_an_unknown_address_is_null(folder: Path) -> None:
    messages = [json.loads(line) for line in (folder / JSON_LINES).read_text("utf-8").splitlines()]
    assert [message["to"] for message in messages[:2]] == [None, None]


def test_the_table_is_flat_and_without_addresses(folder: Path) -> None:
    text = (folder / CSV).read_text("utf-8")
    assert "example.org" not in text
    rows = list(csv.DictReader(text.splitlines()))
    assert tuple(rows[0]) == TABLE.names
    assert [(row["person_id"], row["block"], row["slot"]) for row in rows[-3:]] == [
        ("p2", "replenishment", "1"),
        ("p2", "replenishment", "2"),
        ("p2", "interests", "1"),
    ]
    assert [row["title"] for row in rows[-3:]] == ["Tea", "Ünïcode </script>", 'Say "cheese", 5 oz']
    assert rows[-3]["score"] == "-7.0"
    assert len(text.splitlines()) == 1 + len(rows) == 13


def test_no_cell_runs_as_a_formula(folder: Path) -> None:
    rows = list(csv.DictReader((folder / CSV).read_text("utf-8").splitlines()))
    titles = [row["title"] for row in rows if row["person_id"] == "p1"]
    assert all(title.startswith("'") for title in titles), titles
    assert titles[1] == "'+cmd|'/c calc'!A0"


def test_the_same_rows_give_the_same_bytes(mails: DataFrame, tmp_path: Path) -> None:
    places = [tmp_path / "a", tmp_path / "b"]
    for place, frame in zip(places, (mails.coalesce(1), mails.repartition(7, F.rand(3))), strict=True):
        place.mkdir()
        export(frame, place)
    for name in (JSON_LINES, CSV):
        assert len({(place / name).read_bytes() for place in places}) == 1


def test_an_empty_day_is_a_header_and_no_message(mails: DataFrame, tmp_path: Path) -> None:
    export(mails.limit(0), tmp_path)
    assert (tmp_path / JSON_LINES).read_bytes() == b""
    assert (tmp_path / CSV).read_text() == ",".join(TABLE.names) + "\n"
