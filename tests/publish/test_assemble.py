"""Goods get their page, price and picture, or leave their message with a reason; nothing else goes out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from pipelines.publish.assemble import assembled
from pipelines.publish.messages import Fault, Message, Refused
from tests.publish.messages_case import HOSTILE, SHOP, link_id, message, row


def test_a_link_names_page_campaign_block_and_itself() -> None:
    (item,) = message(url="https://shop.example/tea?size=20&utm_medium=print#top").items
    parts = urlsplit(item.link)
    assert (parts.netloc, parts.path, parts.fragment) == ("shop.example", "/tea", "top")
    assert parse_qs(parts.query) == {
        "size": ["20"],
        "utm_source": ["tillpost"],
        "utm_medium": ["email"],
        "utm_campaign": ["receipt_mail/2024-03-10"],
        "utm_content": ["related"],
        "mail_link_id": [link_id(f"{'a' * 32}/100")],
    }
    assert "p1" not in item.link


def test_without_an_offer_the_settings_say_where_the_page_is() -> None:
    (item,) = message(product_id="4/7 ü").items
    assert item.link.startswith("https://shop.example/p/4%2F7%20%C3%BC?utm_source=")


@pytest.mark.parametrize(
    ("other", "fault"),
    [
        ({"url": "javascript:alert(1)"}, Fault.BAD_LINK),
        ({"url": "https://shop.example/ onclick=x"}, Fault.BAD_LINK),
        ({"url": "//shop.example/p"}, Fault.BAD_LINK),
        ({"title": " \n"}, Fault.NO_TITLE),
    ],
)
def test_a_good_that_cannot_be_shown_leaves_the_message_with_its_reason(
    other: dict[str, str], fault: Fault
) -> None:
    refused, kept = assembled([row(**other), row(slot=2, product_id="200")], SHOP, link_id)
    assert isinstance(refused, Refused)
    assert (refused.product_id, refused.reason, refused.says) == ("100", fault.name, fault.value)
    assert isinstance(kept, Message)
    assert [item.product_id for item in kept.items] == ["200"]


def test_a_message_without_goods_is_refused_as_a_whole() -> None:
    shop = replace(SHOP, product_page=None)
    of_item, of_message = assembled([row()], shop, link_id)
    assert isinstance(of_item, Refused)
    assert isinstance(of_message, Refused)
    assert (of_item.reason, of_item.product_id) == ("NO_LINK", "100")
    assert (of_message.reason, of_message.product_id) == ("NO_ITEM", None)


def test_only_a_reduced_price_is_struck_through_and_a_bad_picture_is_none() -> None:
    dearer = message(old_price=Decimal("3.00"), image_url="data:text/html,x").items[0]
    reduced = message(old_price=Decimal("4.00"), image_url="https://cdn.example/1.jpg").items[0]
    assert (dearer.old_price, dearer.image) == (None, None)
    assert (reduced.old_price, reduced.image) == (Decimal("4.00"), "https://cdn.example/1.jpg")


def test_each_row_is_in_a_message_or_refused_and_blocks_keep_their_order() -> None:
    rows = [
        row(block="replenishment", product_id="1"),
        row(block="related", product_id="2", title=""),
        row(block="related", product_id="3", title=HOSTILE),
        row(send_key="b" * 32, person_id="p2", address=None, product_id="4"),
    ]
    found = list(assembled(rows, SHOP, link_id))
    messages = [one for one in found if isinstance(one, Message)]
    assert sum(len(m.items) for m in messages) + len(found) - len(messages) == len(rows)
    assert [block.block for block in messages[0].blocks] == ["replenishment", "related"]
    assert [m.to and m.to.email for m in messages] == ["jo@example.org", None]
    assert "\n" not in messages[0].items[1].title


def test_each_channel_has_its_own_contact_and_the_field_that_its_clicks_are_known_by() -> None:
    sms = message(channel="sms", address="+12125550123")
    push = message(channel="push", address="token-1")
    assert sms.to is not None
    assert sms.to.phone == "+12125550123"
    assert push.to is not None
    assert push.to.push_token == "token-1"
    assert "sms_link_id=" in sms.items[0].link
    assert "utm_medium=push" in push.items[0].link
    assert "link_id=" not in push.items[0].link


def test_an_instant_of_spark_is_told_in_utc() -> None:
    instant = datetime(2024, 3, 11, 9, tzinfo=UTC)
    of_spark = instant.astimezone().replace(
        tzinfo=None
    )  # as PySpark collects it: in the machine's zone, unsaid
    assert message(send_at=of_spark).send_at == message(send_at=instant).send_at == instant
    assert '"send_at":"2024-03-11T09:00:00Z"' in message(send_at=of_spark).line()
