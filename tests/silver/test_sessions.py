"""Visits: where one ends, what it came by, and what was done in it."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from tests.silver.browsing import event, events
from tests.silver.received import settled

pytestmark = pytest.mark.spark
SHOP = "https://www.shop.example/"


def visits(spark: SparkSession, *rows: dict[str, Any], **values: Any) -> list[Row]:
    found = settled("silver.sessions", events(spark, *rows), **values)
    return sorted(found.collect(), key=lambda row: (row["visitor_value"], row["started_at"]))


def clock(row: Row) -> tuple[str, str, int]:
    span = [row[name].astimezone(UTC).strftime("%d %H:%M") for name in ("started_at", "ended_at")]
    return (*span, row["events"])


def test_half_an_hour_is_a_pause_within_and_a_minute_more_ends_the_visit(spark: SparkSession) -> None:
    found = visits(
        spark,
        event("2024-03-01 23:40"),
        event("2024-03-02 00:10"),
        event("2024-03-02 00:41"),
        event("2024-03-02 00:50", "k2"),
        event("2024-03-02 01:00", None, login="u7"),
        event("2024-03-02 01:00", None),
        event("2024-03-04 01:00"),
    )
    assert [clock(row) for row in found] == [
        ("01 23:40", "02 00:10", 2),
        ("02 00:41", "02 00:41", 1),
        ("02 00:50", "02 00:50", 1),
        ("02 01:00", "02 01:00", 1),
    ]
    across, *_, by_login = found
    assert (across["started_on"], across["ended_on"]) == (date(2024, 3, 1), date(2024, 3, 2))
    assert (across["opens_on"], across["closes_on"]) == (date(2024, 3, 1), date(2024, 3, 2))
    assert (by_login["visitor_type"], by_login["visitor_value"]) == ("login", "u7")
    assert len({row["session_id"] for row in found}) == 4


def test_a_visit_has_no_longest_length_but_a_crawlers_ends_with_the_day(spark: SparkSession) -> None:
    every = [
        f"2024-03-0{day} {hour:02}:{minute}"
        for day in (1, 2)
        for hour in range(24)
        for minute in ("00", "29", "58")
    ]
    found = visits(
        spark, *(event(at) for at in every), *(event(at, "robot", is_crawler=True) for at in every)
    )
    assert [clock(row) for row in found] == [
        ("01 00:00", "02 23:58", 144),
        ("01 00:00", "01 23:58", 72),
        ("02 00:00", "02 23:58", 72),
    ]
    assert [row["is_crawler"] for row in found] == [False, True, True]


@pytest.fixture(scope="module")
def origins(spark: SparkSession) -> dict[str, Row]:
    """One visit a cookie, called after what it shows."""
    at, then = "2024-03-02 10:00", "2024-03-02 10:05"
    rows = [
        event(at, "typed", url=SHOP),
        event(at, "tagged", url=SHOP, utm_source="News", utm_medium="Email", utm_campaign="spring"),
        event(at, "found", url=SHOP, referrer="https://www.google.com/"),
        event(at, "webmail", url=SHOP, referrer="https://mail.google.com/mail"),
        event(at, "paid", url=f"{SHOP}?a=1&gclid=Cj0K", referrer="https://www.google.com/"),
        event(at, "liked", url=SHOP, referrer="https://l.facebook.com/l.php"),
        event(at, "mailed", url=SHOP, mail_link_id="m1"),
        event(at, "own", url=SHOP, referrer="https://checkout.shop.example/done"),
        event(at, "bank", url=SHOP),
        event(then, "bank", url=f"{SHOP}paid", referrer="https://bank.example/3ds"),
        event(at, "late", url=SHOP),
        event(then, "late", url=SHOP, utm_source="vk", utm_medium="cpc"),
        event("2024-03-02 10:09", "late", url=SHOP, utm_source="push", utm_medium="mobile push"),
        event(at, "odd", url=SHOP, utm_campaign="Shopping week"),
        event(at, "strange", url="not an address", utm_medium="carrier pigeon"),
    ]
    return {row["visitor_value"]: row for row in visits(spark, *rows)}


@pytest.mark.parametrize(
    ("cookie", "source", "medium", "channel"),
    [
        ("typed", "direct", "(none)", "Direct"),
        ("tagged", "News", "Email", "Email"),
        ("found", "google.com", "organic", "Organic Search"),
        ("webmail", "mail.google.com", "referral", "Referral"),
        ("paid", "google", "cpc", "Paid Search"),
        ("liked", "l.facebook.com", "referral", "Organic Social"),
        ("mailed", "email", "email", "Email"),
        ("own", "direct", "(none)", "Direct"),
        ("bank", "direct", "(none)", "Direct"),
        ("late", "vk", "cpc", "Paid Social"),
        ("odd", "(not set)", "(not set)", "Organic Shopping"),
        ("strange", "(not set)", "carrier pigeon", "Unassigned"),
    ],
)
def test_where_a_visit_came_from(
    origins: dict[str, Row], cookie: str, source: str, medium: str, channel: str
) -> None:
    row = origins[cookie]
    assert (row["source"], row["medium"], row["channel"]) == (source, medium, channel)


def test_what_was_done_in_a_visit(spark: SparkSession) -> None:
    milk, tea = {"product_id": "milk"}, {"product_id": "tea"}
    goods = {name: [{"quantity": None, "price": None, **each} for each in (milk, tea)] for name in ("lines",)}
    one = {"lines": [{"product_id": "milk", "quantity": None, "price": None}]}
    found = visits(
        spark,
        event("2024-03-02 10:00:00", "a", "session_start", device="phone"),
        event("2024-03-02 10:00:01", "a", "category_view", url=f"{SHOP}dairy", category_id="dairy"),
        event("2024-03-02 10:00:02", "a", "product_view", **goods),
        event(
            "2024-03-02 10:00:03",
            "a",
            "product_view",
            **one,
            login="u7",
            anchor_type="login",
            anchor_value="u7",
        ),
        event("2024-03-02 10:00:04", "a", "search", search_text="tea"),
        event("2024-03-02 10:00:05", "a", "cart", **one),
        event("2024-03-02 10:00:06", "a", "purchase", order_id="W17", **one),
        event("2024-03-02 10:00:00", "b", device="tablet", url=SHOP),
        event("2024-03-02 10:00:10", "b", "scroll"),
        event("2024-03-02 10:00:00", "c", url=SHOP),
        event("2024-03-02 10:00:11", "c", "scroll"),
        event("2024-03-02 10:00:00", "d"),
        event("2024-03-02 10:00:00", "d", url=SHOP),
    )
    bought, short, long, twice = found
    assert (bought["products"], bought["categories"]) == (["milk", "tea"], ["dairy"])
    assert (bought["cart_products"], bought["order_ids"]) == (["milk"], ["W17"])
    assert (bought["searches"], bought["carts"], bought["page_views"], bought["events"]) == (1, 1, 3, 7)
    assert (bought["anchor_type"], bought["anchor_value"]) == ("login", "u7")
    assert (bought["landing_page"], bought["device"]) == (f"{SHOP}dairy", "phone")
    assert (short["products"], short["order_ids"], short["page_views"]) == ([], [], 1)
    assert [row["is_engaged"] for row in (bought, short, long, twice)] == [True, False, True, True]
    assert [row["duration_seconds"] for row in (bought, short, long, twice)] == [6, 10, 11, 0]


def test_what_comes_after_as_of_is_not_there(spark: SparkSession) -> None:
    rows = (event("2024-03-02 23:50"), event("2024-03-03 00:05"))
    (before,) = visits(spark, *rows, as_of=date(2024, 3, 2))
    (after,) = visits(spark, *rows, as_of=date(2024, 3, 3))
    assert (before["events"], after["events"]) == (1, 2)
    assert before["session_id"] == after["session_id"]
