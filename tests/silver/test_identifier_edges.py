"""What facts tie, and what they do not, by landing file."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.silver import engagement, identity_events, orders, receipts, web_events
from tests.silver.received import AS_OF, bronze, settled

pytestmark = pytest.mark.spark

ARRIVED = datetime(2024, 3, 4, 0, 30, tzinfo=UTC)
CONTACTS = ("email:e1", "phone:p1")


def facts(spark: SparkSession, module: Any, *rows: dict[str, Any]) -> DataFrame:
    """Rows of a silver table in which only what is given is not null."""
    blank = {"arrived_at": ARRIVED, "file": f"{module.TABLE.short}.jsonl", "is_crawler": False}
    days = dict.fromkeys(("purchased_on", "ordered_on", "occurred_on"), AS_OF)
    given = [tuple(({**blank, **days} | row).get(name) for name in module.TABLE.names) for row in rows]
    schema = ", ".join(f"`{column.name}` {column.type.simpleString()}" for column in module.TABLE.columns)
    return spark.createDataFrame(given, schema)


def test_facts_tie_what_they_carry(spark: SparkSession) -> None:
    email, phone = CONTACTS
    rows = settled(
        "silver.identifier_edges",
        facts(
            spark,
            receipts,
            {"loyalty_card": "A", "phone": phone, "payment_token": "T", "order_id": "W1"},
            {"loyalty_card": "A", "phone": phone},
            {"phone": "phone:p3", "payment_token": "T", "order_id": "W2"},
            {"loyalty_card": "A", "email": email},
            {"payment_token": "T"},
            {"kind": "sale"},
            {"loyalty_card": "late", "purchased_on": date(2024, 3, 4)},
        ),
        facts(spark, orders, {"order_id": "W1", "login": "ann", "cookie": "k1", "email": email}),
        facts(
            spark,
            web_events,
            {"login": "ann", "cookie": "k1", "phone": phone, "push_token": "t1"},
            {"login": "ann", "cookie": "k3", "mail_link_id": "l1", "login_by": "code"},
            {"cookie": "k2"},
            {"cookie": "bot", "is_crawler": True},
            {"mail_link_id": "l2"},
        ),
        facts(
            spark,
            engagement,
            {"loyalty_card": "A", "email": email, "mail_link_id": "l1"},
            {"phone": phone, "push_token": "t1"},
            {"phone": phone, "sms_link_id": "s1"},
        ),
        facts(
            spark,
            identity_events,
            {"kind": "phone_confirmed", "loyalty_card": "A", "phone": phone, "cookie": "k1"},
            {"kind": "wifi_sign_up", "email": email, "device_id": "d1"},
            {"kind": "push_allowed", "phone": phone, "push_token": "t1"},
            {"kind": "card_reissued", "loyalty_card": "A", "former_card": "A0"},
            {"kind": "card_reissued", "loyalty_card": "B", "former_card": "B"},
        ),
        bronze(
            spark,
            "customers",
            {"loyalty_card": "A", "phone": phone},
            {"loyalty_card": "A", "phone": "phone:p2"},
            {"loyalty_card": "A", "email": "invalid:email:0f"},
            {"loyalty_card": "B"},
            {"phone": phone},
            b'{"loyalty_card": "torn',
        ),
    ).collect()
    assert {row["observed_at"].astimezone(UTC) for row in rows} == {ARRIVED}
    said = {
        (row["file"].split(".")[0].split("/")[0], row["source"], row["left_value"], row["right_value"]): row[
            "observations"
        ]
        for row in rows
    }
    assert len(said) == len(rows) == len({(row["file"], row["edge_id"]) for row in rows})
    assert said == {
        ("receipts", "till_dictated", "A", phone): 2,
        ("receipts", "payment", "A", "T"): 1,
        ("receipts", "click_and_collect", "A", "W1"): 1,
        ("receipts", "till_dictated", "phone:p3", "T"): 1,
        ("receipts", "till_dictated", "phone:p3", "W2"): 1,
        ("receipts", "till_email", "A", email): 1,
        ("receipts", "seen", "T", None): 1,
        ("orders", "web_order", "ann", email): 1,
        ("orders", "web_order", "ann", "W1"): 1,
        ("orders", "web_order", "ann", "k1"): 1,
        ("web_events", "login", "ann", "k1"): 1,
        ("web_events", "phone_given", "ann", phone): 1,
        ("web_events", "login", "ann", "k3"): 1,
        ("web_events", "mail_link", "k3", "l1"): 1,
        ("web_events", "push", "k1", "t1"): 1,
        ("web_events", "seen", "k2", None): 1,
        ("web_events", "seen", "l2", None): 1,
        ("engagement", "addressed", "A", email): 1,
        ("engagement", "addressed", "A", "l1"): 1,
        ("engagement", "push", phone, "t1"): 1,
        ("engagement", "addressed", phone, "s1"): 1,
        ("identity_events", "phone_confirmed", "A", phone): 1,
        ("identity_events", "phone_confirmed", "A", "k1"): 1,
        ("identity_events", "wifi_sign_up", email, "d1"): 1,
        ("identity_events", "push", phone, "t1"): 1,
        ("identity_events", "card_reissued", "A", "A0"): 1,
        ("identity_events", "seen", "B", None): 1,
        ("customers", "form_phone", "A", phone): 1,
        ("customers", "form_phone", "A", "phone:p2"): 1,
        ("customers", "loyalty_form", "A", "invalid:email:0f"): 1,
        ("customers", "seen", "B", None): 1,
    }
    weights = {row["source"]: row["weight"] for row in rows}
    assert weights["phone_confirmed"] > weights["form_phone"] >= weights["payment"] > weights["till_dictated"]
    assert weights["seen"] == 1.0


def test_what_a_passed_on_link_signs_in_ties_the_browser_only(spark: SparkSession) -> None:
    """Ann's message was passed on to Bob, whose browser is k; what he types there is his."""
    empty = (facts(spark, module) for module in (engagement, identity_events))
    shown = [
        {"login": "ann", "cookie": "k", "mail_link_id": "l"},
        {"login": "ann", "cookie": "k", "login_by": "link", "email": "email:bob"},
        {"login": "bob", "cookie": "k", "sms_link_id": "s", "login_by": "password"},
    ]
    rows = settled(
        "silver.identifier_edges",
        facts(spark, receipts),
        facts(spark, orders),
        facts(spark, web_events, *shown),
        *empty,
        bronze(spark, "customers"),
    ).collect()
    assert {(row["source"], row["left_value"], row["right_value"]) for row in rows} == {
        ("auto_login", "k", "ann"),
        ("mail_link", "k", "l"),
        ("login", "email:bob", "k"),
        ("login", "bob", "k"),
        ("sms_link", "k", "s"),
    }


def test_every_contact_of_a_fact_is_an_end_of_its_evidence(spark: SparkSession) -> None:
    """Whether it is one or not, wherever it was written and whatever stands beside it: no contact is lost."""
    none = {"email_malformed": "invalid:email:0", "phone_malformed": "invalid:phone:0"}
    contacts = ({}, {"email": "email:1"}, {"phone": "phone:1"}, none, {"email": "email:1", **none})
    beside: dict[Any, tuple[dict[str, Any], ...]] = {
        receipts: ({}, {"loyalty_card": "A"}, {"payment_token": "T"}),
        orders: ({"order_id": "W"}, {"order_id": "W", "login": "ann", "cookie": "k"}),
        web_events: ({}, {"cookie": "k"}, {"login": "ann", "login_by": "link", "mail_link_id": "l"}),
        engagement: ({}, {"loyalty_card": "A", "push_token": "t"}),
        identity_events: (
            {"kind": "push_allowed", "loyalty_card": "A", "push_token": "t"},
            {"kind": "card_reissued", "loyalty_card": "A", "former_card": "B"},
            {"kind": "wifi_sign_up"},
        ),
    }
    given = {
        module: [
            {**more, **told, "file": f"{module.TABLE.short}/{number}/{place}"}
            for number, more in enumerate(others)
            for place, told in enumerate(contacts)
        ]
        for module, others in beside.items()
    }
    rows = settled(
        "silver.identifier_edges",
        *(facts(spark, module, *each) for module, each in given.items()),
        bronze(
            spark,
            "customers",
            {"loyalty_card": "A", "email": "invalid:email:0", "phone": "invalid:phone:0"},
        ),
    ).collect()
    ends: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        found = ends.setdefault(row["file"], set())
        found.add((row["left_type"], row["left_value"]))
        found.add((row["right_type"], row["right_value"]))
    for each in given.values():
        for fact in each:
            written = {
                (name[:5], fact[name]) for name in ("email", "phone", *none) if fact.get(name) is not None
            }
            assert written <= ends.get(fact["file"], set()), fact
    assert {("email", "invalid:email:0"), ("phone", "invalid:phone:0")} <= ends["customers/1.jsonl"]
    known = [row for row in rows if (row["right_value"] or "").startswith("invalid:")]
    assert {(row["source"], row["left_value"]) for row in known if row["right_type"] == "email"} == {
        *(("till_email", hub) for hub in ("A", "T", "email:1")),
        *(("web_order", hub) for hub in ("W", "ann", "email:1")),
        *(("site_form", hub) for hub in ("k", "email:1")),
        *(("addressed", hub) for hub in ("A", "email:1")),
        *(("loyalty_form", "A"), ("wifi_sign_up", "email:1")),
    }, "what it came with is told"
