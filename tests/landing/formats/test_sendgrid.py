"""SendGrid's events as engagement: the documentation's own examples, and what people really post."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.landing.contract import PRIVATE, UNREAD
from pipelines.landing.formats.sendgrid import engagement
from pipelines.silver.engagement import KINDS
from tests.landing.formats.contract import golden, landed, records


def test_every_kind_of_event(tmp_path: Path) -> None:
    _, found = golden(tmp_path, "sendgrid", "events.json")
    assert [row["kind"] for row in found["engagement"]] == [
        "sent",
        "deferred",
        "delivered",
        "opened",
        "clicked",
        "bounced",
        "dropped",
        "complained",
        "unsubscribed",
        "unsubscribed",
        "resubscribed",
        "blocked",
    ]
    assert {row["kind"] for row in found["engagement"]} <= {*KINDS}
    assert {row["channel"] for row in found["engagement"]} == {"email"}


def test_a_mail_that_was_sent(tmp_path: Path) -> None:
    _, found = golden(tmp_path, "sendgrid", "events.json")
    assert found["engagement"][0] == {
        "event_id": "rbtnWrG1DVDGGGFHFyun0A==",
        "kind": "sent",
        "occurred_at": "2024-03-01T09:00:00Z",
        "loyalty_card": "C1",
        "campaign_id": "1",
        "channel": "email",
        "email": "example@test.com",
        "message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.000000000000000000000",
        "vendor": {"smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>", "category": ["cat facts"]},
    }


def test_a_machine_is_marked_and_a_human_is_not(tmp_path: Path) -> None:
    _, found = golden(tmp_path, "sendgrid", "events.json")
    machine, click = found["engagement"][3:5]
    assert (machine["machine"], machine["campaign_id"]) == ("true", "12345")
    assert (click.get("machine"), click["link"]) == (None, "https://shop.example/milk?utm_source=mail")
    assert engagement({"event": "open", "sg_machine_open": False})["machine"] == "false"


def test_a_bounces_reason_that_names_the_address_is_private(tmp_path: Path) -> None:
    _, found = golden(tmp_path, "sendgrid", "events.json")
    bounce = found["engagement"][5]
    assert bounce["vendor"]["bounce_classification"] == "Invalid Address"
    assert bounce[PRIVATE] == {
        "vendor": {"reason": "550 5.1.1 The email account <gone@test.com> does not exist"}
    }


def test_what_shares_a_kind_is_told_apart(tmp_path: Path) -> None:
    _, found = golden(tmp_path, "sendgrid", "events.json")
    everything, group, again, blocked = found["engagement"][8:]
    assert everything["vendor"] == {"event": "unsubscribe"}
    assert group["vendor"] == {"event": "group_unsubscribe", "asm_group_id": 10}
    assert again["vendor"] == {"asm_group_id": 10}
    assert (blocked["vendor"]["type"], found["engagement"][5]["vendor"]["type"]) == ("blocked", "bounce")


def test_an_event_that_nobody_foresaw_keeps_its_name() -> None:
    assert engagement({"event": "account_status_change"})["kind"] == "account_status_change"


def test_unique_arguments_come_in_either_place() -> None:
    arguments = {"loyalty_card": "C1", "block": "hero", "product_id": 7, "mail_link_id": "m1", "tone": "warm"}
    beside = engagement({"event": "delivered", **arguments})
    below = engagement({"event": "delivered", "unique_args": arguments})
    for name in ("loyalty_card", "block", "product_id", "mail_link_id"):
        assert beside[name] == below[name] == str(arguments[name])
    assert (beside["vendor"], below["vendor"]) == ({"tone": "warm"}, {"unique_args": {"tone": "warm"}})


def test_bodies_one_a_line_and_a_torn_one_between(tmp_path: Path) -> None:
    account, found = golden(tmp_path, "sendgrid", "bodies.jsonl")
    assert (account.read, account.unreadable) == (4, 1)
    assert [row.get("event_id") for row in found["engagement"]] == ["b1", "b2", None, "b4"]
    assert found["engagement"][2][UNREAD].endswith('"sg_mess')
    assert found["engagement"][3]["occurred_at"] == "soon"


@pytest.mark.parametrize(
    ("text", "read", "unreadable"),
    [
        ("<html>502 Bad Gateway</html>\n", 1, 1),
        ('[{"event": "open"}, "open", {"event": "open"', 3, 2),
        ('{"event": "open", "x": tru}\n[1, 2]\nnull\n', 3, 3),
    ],
)
def test_wrong_inputs_land_as_received(tmp_path: Path, text: str, read: int, unreadable: int) -> None:
    (tmp_path / "events.json").write_text(text)
    account = landed(tmp_path / "landing", "sendgrid", tmp_path / "events.json")
    assert (account.read, account.unreadable) == (read, unreadable)
    refused = [row[UNREAD] for row in records(tmp_path / "landing")["engagement"] if UNREAD in row]
    assert all(raw in text for raw in refused)


def test_any_scalar_any_place() -> None:
    """A body of nonsense gives a record, which silver refuses."""
    for value in (None, "", 1, 1.5, True, [], [1], {}, {"a": 1}):
        names = ("event", "timestamp", "email", "sg_event_id", "url", "unique_args", "sg_machine_open")
        json.dumps(engagement(dict.fromkeys(names, value)))
