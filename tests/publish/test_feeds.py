"""What leaves the house about people: hashed, of those who agreed, a file each; the same rows give the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.publish import audiences, site_feed, till_feed
from pipelines.publish.till_feed import looked_up_by

pytestmark = pytest.mark.spark

SINCE = datetime(2024, 1, 1, tzinfo=UTC)
ADDRESSES = {
    ("pA", "email"): "ann@example.org",
    ("pA", "sms"): "+12125550123",
    ("pB", "email"): "bob@example.org",
    ("pC", "sms"): "+12125550147",
}


def opened(people: DataFrame) -> DataFrame:
    rows = [(person, channel, address) for (person, channel), address in ADDRESSES.items()]
    known = people.sparkSession.createDataFrame(rows, "person_id string, channel string, address string")
    return people.join(known, on=["person_id", "channel"], how="inner")


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_an_audience_holds_hashed_contacts_of_those_who_agreed(spark: SparkSession, tmp_path: Path) -> None:
    members = spark.createDataFrame(
        [
            ("tea/lovers", "pA", None),
            ("tea/lovers", "pB", None),
            ("tea/lovers", "pC", SINCE.date()),
            ("all", "pC", None),
            ("not asked for", "pA", None),
        ],
        "segment string, person_id string, left_on date",
    )
    agreed = spark.createDataFrame(
        [("pA", ["email", "push"]), ("pB", []), ("pC", ["sms"])],
        "person_id string, reachable_channels array<string>",
    )
    rows = audiences.audiences(members, agreed, opened, segments=["tea/lovers", "all"])
    assert audiences.export(rows, tmp_path) == 2
    place = tmp_path / audiences.FOLDER
    assert (place / "tea%2Flovers.csv").read_text() == f"kind,sha256\nemail,{sha256('ann@example.org')}\n"
    assert (place / "all.csv").read_text() == f"kind,sha256\nphone,{sha256('+12125550147')}\n"


def test_a_till_finds_points_and_offers_by_card_or_phone_under_its_own_key(
    spark: SparkSession, tmp_path: Path
) -> None:
    people = spark.createDataFrame(
        [("S1", "pA", 120, 100), ("S1", "pB", 0, 0), ("S/2", "pC", 7, 7), (None, "pD", 1, 1)],
        "favourite_store string, person_id string, points_balance long, points_available long",
    )
    identifiers = spark.createDataFrame(
        [
            ("loyalty_card", card, person, SINCE, None, "c")
            for card, person in (("2", "pA"), ("1", "pA"), ("9", "pD"))
        ],
        "identifier_type string, identifier_value string, person_id string, valid_from timestamp, valid_to timestamp, "
        "component string",
    )
    recommended = spark.createDataFrame(
        [("pA", f"g{n}", n) for n in range(1, 9)] + [("pA", "g8", 1), ("pA", "dear", 1)],
        "person_id string, product_id string, rank int",
    )
    prices = spark.createDataFrame(
        [(f"g{n}", Decimal("1.00"), Decimal("2.00")) for n in range(1, 9)]
        + [("dear", Decimal("2.00"), None)],
        "product_id string, price decimal(18, 2), old_price decimal(18, 2)",
    )
    products = spark.createDataFrame(
        [(f"g{n}", None if n == 2 else f"Good {n}") for n in range(1, 9)], "product_id string, title string"
    )
    rows = till_feed.customers_at_tills(people, identifiers, recommended, prices, products, opened)
    keys = {"S1": b"one", "S/2": b"two"}
    assert till_feed.export(rows, tmp_path, keys.__getitem__) == 2
    first, second = ((tmp_path / till_feed.FOLDER / name) for name in ("S1.jsonl.gz", "S%2F2.jsonl.gz"))
    (ann,) = map(
        json.loads, gzip.decompress(first.read_bytes()).splitlines()
    )  # pB has neither card nor phone
    assert ann == {
        "card": [looked_up_by(b"one", "card", card) for card in ("1", "2")],
        "phone": [looked_up_by(b"one", "phone", "+12125550123")],
        "balance": 120,
        "available": 100,
        "offers": [[f"g{n}", f"Good {n}", "1.00"] for n in (1, 8, 3, 4, 5)],
    }
    (carl,) = map(json.loads, gzip.decompress(second.read_bytes()).splitlines())
    assert (carl["card"], carl["offers"]) == ([], [])
    assert carl["phone"] == [looked_up_by(b"two", "phone", "+12125550147")]
    again = tmp_path / "again"
    again.mkdir()
    till_feed.export(rows, again, keys.__getitem__)
    assert (again / till_feed.FOLDER / "S1.jsonl.gz").read_bytes() == first.read_bytes()


def test_the_site_gets_listings_by_buyers_and_blocks_by_cookie(spark: SparkSession, tmp_path: Path) -> None:
    days = spark.createDataFrame(
        [
            ("loyalty_card", card, product, date(2024, 3, day), lines)
            for card, product, day, lines in (
                ("A", "tea", 9, 1),
                ("A", "tea", 10, 1),
                ("B", "honey", 10, 1),
                ("C", "honey", 10, 1),
                ("A", "black", 10, 1),
                ("B", "old", 10, 0),
                ("B", "gone", 10, 1),
            )
        ]
        + [("loyalty_card", card, "old", date(2024, 1, 1), 1) for card in "ABC"],
        "identifier_type string, identifier_value string, product_id string, purchased_on date, lines int",
    )
    products = spark.createDataFrame(
        [("tea", "TEA", "Acme", None), ("black", "TEA", None, None), ("honey", "SWEET", "Acme", "GROCERY")],
        "product_id string, category string, brand string, department string",
    )
    recommended = spark.createDataFrame(
        [
            ("pA", "als", 2, "tea"),
            ("pA", "als", 1, "honey"),
            ("pA", "next_purchase", 1, "tea"),
            ("pB", "als", 1, "x"),
        ],
        "person_id string, model string, rank int, product_id string",
    )
    identifiers = spark.createDataFrame(
        [("cookie", "k2", "pA", SINCE, None, "c"), ("cookie", "k1", "pA", SINCE, None, "c")],
        "identifier_type string, identifier_value string, person_id string, valid_from timestamp, valid_to timestamp, "
        "component string",
    )
    ranks = site_feed.listings(days, products, as_of=date(2024, 3, 10))
    site_feed.export(ranks, site_feed.blocks(recommended, identifiers), tmp_path)

    def lines(name: str) -> list[dict[str, Any]]:
        packed = (tmp_path / site_feed.FOLDER / name).read_bytes()
        return [json.loads(line) for line in gzip.decompress(packed).splitlines()]

    assert lines(site_feed.LISTINGS) == [
        {"kind": "all", "value": "", "goods": ["honey", "black", "tea"]},
        {"kind": "brand", "value": "Acme", "goods": ["honey", "tea"]},
        {"kind": "category", "value": "SWEET", "goods": ["honey"]},
        {"kind": "category", "value": "TEA", "goods": ["black", "tea"]},
        {"kind": "department", "value": "GROCERY", "goods": ["honey"]},
    ]
    blocks = {"als": ["honey", "tea"], "next_purchase": ["tea"]}
    assert lines(site_feed.BLOCKS) == [{"cookie": cookie, "blocks": blocks} for cookie in ("k1", "k2")]
