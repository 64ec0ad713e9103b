"""From rows of a send list to messages: prices, pictures and links come to each good, or it is refused with its reason.

One message at a time, in the order of the rows; nothing is kept. A good that cannot be shown leaves its message, which
goes out with the others; a message of which nothing is left is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from itertools import groupby
from operator import itemgetter
from typing import Any

from pipelines.calc.links import MEDIUM, PARAMETER, LinkId, is_web_address, page_of, tagged
from pipelines.publish.messages import ADDRESS, Block, Contact, Fault, Item, Message, Refused, Weather
from pipelines.settings import MessageSettings

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Shop:
    """What every message says of who sends it; see `settings.MessageSettings`. `currency` is that of all prices."""

    name: str
    sender: str
    imprint: str
    site: str
    product_page: str | None
    unsubscribe_page: str
    source: str
    currency: str


def shop_of(said: MessageSettings, currency: str) -> Shop:
    """Who sends, as the settings say."""
    return Shop(
        name=said.shop,
        sender=said.sender,
        imprint=said.imprint,
        site=said.site,
        product_page=said.product_page,
        unsubscribe_page=said.unsubscribe_page,
        source=said.source,
        currency=currency,
    )


def assembled(rows: Iterable[Row], shop: Shop, link_id: LinkId) -> Iterator[Message | Refused]:
    """The messages of the rows, and what is refused of them.

    Args:
        rows: As `message_rows.rows_of_messages` gives them: those of a message behind each other, in its order.
        shop: Who sends.
        link_id: Hashes a link's name.
    """
    for send_key, of_message in groupby(rows, key=itemgetter("send_key")):
        goods = list(of_message)
        faults = [(row, _fault(row, shop)) for row in goods]
        refused = [_refused(row, fault) for row, fault in faults if fault is not None]
        yield from refused
        shown = [row for row, fault in faults if fault is None]
        if shown:
            yield _message(send_key, shown, shop, link_id)
        else:
            yield _refused({**goods[0], "block": None, "product_id": None}, Fault.NO_ITEM)


def _fault(row: Row, shop: Shop) -> Fault | None:
    page = page_of(row["url"], shop.product_page, row["product_id"])
    if page is None:
        return Fault.NO_LINK
    if not is_web_address(page):
        return Fault.BAD_LINK
    return None if row["title"] and row["title"].strip() else Fault.NO_TITLE


def _refused(row: Row, fault: Fault) -> Refused:
    return Refused(
        send_key=row["send_key"],
        person=row["person_id"],
        block=row["block"],
        product_id=row["product_id"],
        reason=fault.name,
        says=fault.value,
    )


def _message(send_key: str, goods: list[Row], shop: Shop, link_id: LinkId) -> Message:
    first = goods[0]
    contact = Contact(**{ADDRESS[first["channel"]]: first["address"]}) if first["address"] else None
    return Message(
        send_key=send_key,
        as_of=first["as_of"],
        person=first["person_id"],
        channel=first["channel"],
        to=contact,
        trigger=first["trigger"],
        campaign=first["campaign"],
        send_at=first["send_at"].astimezone(UTC),  # Spark hands instants over in the machine's own zone
        currency=shop.currency,
        weather=Weather(**first["weather"].asDict()) if first["weather"] else None,
        unsubscribe=tagged(shop.unsubscribe_page, {"m": link_id(f"{send_key}/unsubscribe")}),
        blocks=tuple(
            Block(block=block, items=tuple(_item(row, shop, link_id) for row in rows))
            for block, rows in groupby(goods, key=itemgetter("block"))
        ),
    )


def _item(row: Row, shop: Shop, link_id: LinkId) -> Item:
    name, channel = link_id(f"{row['send_key']}/{row['product_id']}"), row["channel"]
    fields = {
        "utm_source": shop.source,
        "utm_medium": MEDIUM[channel],
        "utm_campaign": row["campaign"],
        "utm_content": row["block"],
        **({PARAMETER[channel]: name} if channel in PARAMETER else {}),
    }
    page = page_of(row["url"], shop.product_page, row["product_id"]) or ""
    picture = row["image_url"]
    return Item(
        slot=row["slot"],
        product_id=row["product_id"],
        title=" ".join(row["title"].split()),
        price=row["price"],
        old_price=row["old_price"] if _is_reduced(row) else None,
        image=picture if picture and is_web_address(picture) else None,
        link=tagged(page, fields),
        link_id=name,
        reason=row["reason"],
        score=row["score"],
        model_version=row["model_version"],
    )


def _is_reduced(row: Row) -> bool:
    return row["price"] is not None and row["old_price"] is not None and row["old_price"] > row["price"]
