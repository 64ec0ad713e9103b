"""A message as it leaves the house: who gets it, over which channel, with which goods, and why. Version 2.

`Message.model_json_schema()` is the schema that every release publishes beside its send list. New fields may appear in
`send_list/2`; a field that goes or changes its meaning makes it `send_list/3`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from pipelines.calc.triggers.definitions import Channel

SCHEMA = "send_list/2"


class Fault(Enum):
    """Why an item, or a whole message, does not go out."""

    NO_LINK = "The good has no page on the site: its offer names none, and messages.product_page is not set."
    BAD_LINK = "The good's page is not a web address that begins with https:// or http://."
    NO_TITLE = "The good has no title that a person could read."
    NO_ITEM = "No good of the message could be shown."
    NO_TEMPLATE = "The message's template failed; the log of the run has the line."


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Item(_Frozen):
    """One good of a block."""

    slot: int = Field(ge=1, description="Place in the block, from 1")
    product_id: str = Field(description="The good; once in a message")
    title: str = Field(description="What the message calls it")
    price: Decimal | None = Field(description="With VAT, in `currency`; null: not told")
    old_price: Decimal | None = Field(description="The price struck through beside it; null: not reduced")
    image: str | None = Field(description="Address of its picture; null: a placeholder is shown")
    link: str = Field(description="Its page, with `utm_` fields and the link's hashed id as `mail_link_id`")
    link_id: str = Field(description="That id: 32 hex digits, of this link in this message")
    reason: str = Field(description="Why it stands here, as the customer reads it")
    score: float = Field(description="Larger is better; comparable within one block only")
    model_version: str = Field(description="The model or rule that chose it")


class Block(_Frozen):
    """The goods of one kind of choice, by slot."""

    block: str = Field(description="Such as `replenishment` or `related`")
    items: tuple[Item, ...] = Field(min_length=1)


class Contact(_Frozen):
    """Where the message goes; one of them, by the channel."""

    email: str | None = Field(default=None, description="The address")
    phone: str | None = Field(default=None, description="The number, E.164")
    push_token: str | None = Field(default=None, description="The device's token")


ADDRESS = {"email": "email", "sms": "phone", "push": "push_token"}
"""By channel, the field of `Contact` that it needs."""


class Weather(_Frozen):
    """The forecast that a message is about, for where the person shops."""

    day: date = Field(description="The local day")
    region: str = Field(description="Of the person's favourite shop")
    temperature: Decimal | None = Field(description="Mean of the day, in degrees Celsius; null: not told")
    temperature_min: Decimal | None = Field(description="Its lowest; null: not told")
    temperature_max: Decimal | None = Field(description="Its highest; null: not told")
    precipitation: Decimal | None = Field(description="Rain and melted snow, in millimetres; null: not told")


class Message(_Frozen):
    """One line of the send list. Blocks stand in the order of the message, without the empty ones."""

    version: Literal["send_list/2"] = Field(default="send_list/2", alias="schema")
    send_key: str = Field(
        description="The same for the same message, however often it is made; never sent twice"
    )
    as_of: date = Field(description="Business day")
    person: str = Field(description="The person's id")
    channel: Channel = Field(description="`email`, `sms` or `push`")
    to: Contact | None = Field(description="Null: no contact of this channel is known, so it is not sent")
    trigger: str = Field(description="What set it off, such as `receipt_mail`")
    campaign: str = Field(description="The trigger and its date, such as `receipt_mail/2017-12-31`")
    send_at: AwareDatetime = Field(description="Not before; UTC, outside the person's quiet hours")
    currency: str = Field(description="ISO 4217, of every price")
    unsubscribe: str = Field(description="Where a click ends such messages")
    weather: Weather | None = Field(
        default=None, description="Of a message about the weather; null: of any other"
    )
    blocks: tuple[Block, ...] = Field(min_length=1)

    @property
    def items(self) -> tuple[Item, ...]:
        """Its goods, in the order of the message."""
        return tuple(item for block in self.blocks for item in block.items)

    def line(self) -> str:
        """The message as its line of JSON: money is a text with its decimals."""
        return self.model_dump_json(by_alias=True)


class Refused(_Frozen):
    """An item, or where `product_id` is null a message, that does not go out."""

    send_key: str
    person: str
    block: str | None
    product_id: str | None
    reason: str = Field(description="The name of a `Fault`")
    says: str = Field(description="The same, as a sentence")
