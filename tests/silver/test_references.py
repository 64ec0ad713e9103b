"""Reference feeds: prices and stock, promotions, costs, weather, and pings."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from tests.silver.received import bronze, judged, reasons

pytestmark = pytest.mark.spark


def test_an_offer_and_where_the_good_lies(spark: SparkSession) -> None:
    def offer(good: str, price: str, *stock: tuple[str, str]) -> dict[str, object]:
        places = [{"store_id": store, "quantity": quantity} for store, quantity in stock]
        return {"product_id": good, "valid_on": "2024-03-03", "price": price, "stock": places}

    records = bronze(
        spark,
        "offers",
        offer("milk", "1.20", ("S1", "4"), ("S2", "0.5")),
        offer("tea", "-5", ("S1", "1")),
        offer("bread", "3", ("S1", "1"), ("S1", "2"), ("S2", "x"), ("S3", "7")),
        {"product_id": "soap", "valid_on": "2024-03-03", "price": "2", "old_price": "2.50"},
    )
    offers, stock = judged("silver.offers", records), judged("silver.stock", records)
    assert reasons(offers) == [[], ["BELOW_MINIMUM:price"], [], []]
    assert offers[3]["old_price"] == Decimal("2.50")
    assert [(row["product_id"], row["store_id"], row["quantity"]) for row in stock][:2] == [
        ("milk", "S1", Decimal("4.000")),
        ("milk", "S2", Decimal("0.500")),
    ]
    assert reasons(stock) == [
        [],
        [],
        ["OFFER_REFUSED:product_id"],
        ["NAMED_TWICE:store_id"],
        ["NAMED_TWICE:store_id"],
        ["WRONG_TYPE:quantity"],
        [],
    ]


def test_a_promotion_keeps_its_lists(spark: SparkSession) -> None:
    base = {"name": "Spring", "starts_on": "2024-03-01"}
    rows = judged(
        "silver.promotions",
        bronze(
            spark,
            "promotions",
            {**base, "promotion_id": "p1", "brands": [{"brand": "Farm"}, {"brand": "Oven"}], "stores": []},
            {**base, "promotion_id": "p2", "products": [{"product_id": "milk"}, {"good": "tea"}]},
            {**base, "promotion_id": "p3", "ends_on": "2024-02-01"},
        ),
    )
    assert reasons(rows) == [[], ["MISSING_VALUE:products.product_id"], ["OUT_OF_ORDER:ends_on"]]
    assert (rows[0]["brands"], rows[0]["products"], rows[0]["stores"]) == (["Farm", "Oven"], None, None)


def test_a_cost_of_a_channel_as_a_whole_has_a_campaign_too(spark: SparkSession) -> None:
    rows = judged(
        "silver.channel_costs",
        bronze(
            spark,
            "channel_costs",
            {"spent_on": "2024-03-03", "channel": "email", "cost": "12.50", "messages": 1000},
            {"spent_on": "2024-03-03", "channel": "sms", "campaign_id": "1", "cost": "-1"},
            b"torn",
        ),
    )
    assert reasons(rows) == [[], ["BELOW_MINIMUM:cost"], ["NOT_JSON:record"]]
    assert (rows[0]["campaign_id"], rows[0]["cost"], rows[0]["messages"]) == ("-", Decimal("12.50"), 1000)


def test_each_forecast_keeps_the_day_on_which_it_was_known(spark: SparkSession) -> None:
    forecast = {"region": "North", "day": "2024-03-05", "kind": "forecast", "temperature": "-3.5"}
    first, then = datetime(2024, 3, 3, 6, tzinfo=UTC), datetime(2024, 3, 4, 6, tzinfo=UTC)
    wet = {**forecast, "precipitation": "4.2", "precipitation_chance": 130}
    records = bronze(spark, "weather", forecast, arrived=first).union(
        bronze(spark, "weather", forecast, wet, arrived=then, batch=2)
    )
    rows = judged("silver.weather", records)
    assert {(row["known_on"], row["temperature"]) for row in rows} == {
        (date(2024, 3, 3), Decimal("-3.500")),
        (date(2024, 3, 4), Decimal("-3.500")),
    }
    assert [found for found in reasons(rows) if found] == [["ABOVE_MAXIMUM:precipitation_chance"]]


def test_a_ping_needs_a_consent_and_a_place_on_earth(spark: SparkSession) -> None:
    ping = {
        "ping_id": "p1",
        "occurred_at": "2024-03-03T10:00:00Z",
        "device_id": "d1",
        "consent_id": "c1",
        "latitude": "55.75",
        "longitude": 37.62,
    }
    rows = judged(
        "silver.locations",
        bronze(
            spark,
            "locations",
            ping,
            {**ping, "consent_id": ""},
            {**ping, "latitude": "95"},
            {**ping, "longitude": "NaN", "loyalty_card": "C1"},
        ),
    )
    assert reasons(rows) == [
        [],
        ["MISSING_VALUE:consent_id"],
        ["ABOVE_MAXIMUM:latitude"],
        ["ABOVE_MAXIMUM:longitude"],
    ]
    assert [row["anchor_type"] for row in rows] == ["device_id", "device_id", "device_id", "loyalty_card"]


def test_a_good_says_for_whom_it_is_and_since_when(spark: SparkSession) -> None:
    diapers = {"product_id": "d4", "pack_quantity": 44, "size_label": 4, "age_from_months": 8}
    rows = judged(
        "silver.products",
        bronze(
            spark,
            "products",
            {**diapers, "age_to_months": "18", "first_seen_on": "2024-02-01"},
            {"product_id": "p", "pack_quantity": "-1", "first_seen_on": "2024"},
        ),
    )
    assert reasons(rows) == [[], ["WRONG_TYPE:first_seen_on", "BELOW_MINIMUM:pack_quantity"]]
    first = rows[0]
    assert (first["pack_quantity"], first["size_label"], first["first_seen_on"]) == (
        44,
        "4",
        date(2024, 2, 1),
    )
    assert (first["age_from_months"], first["age_to_months"]) == (8, 18)


def test_a_shop_lies_somewhere_on_earth(spark: SparkSession) -> None:
    rows = judged(
        "silver.stores",
        bronze(
            spark,
            "stores",
            {"store_id": "S1", "latitude": "55.75", "longitude": 37.62},
            {"store_id": "S2", "latitude": 91, "longitude": -181},
            {"store_id": "S3"},
        ),
    )
    assert reasons(rows) == [[], ["ABOVE_MAXIMUM:latitude", "BELOW_MINIMUM:longitude"], []]
    assert (rows[0]["latitude"], rows[0]["longitude"], rows[2]["latitude"]) == (55.75, 37.62, None)
