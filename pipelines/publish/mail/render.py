"""A message made readable: subject, HTML and text of a mail, the line of an SMS, title and words of a push."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import jinja2

from pipelines.calc.money import priced
from pipelines.errors import DataError
from pipelines.publish.assemble import Shop
from pipelines.publish.mail.templates import templates_of
from pipelines.publish.messages import Message, Weather

HEADINGS = {
    "subject": "What this is about",
    "replenishment": "Running low?",
    "next_purchase": "For your next visit",
    "related": "Goes well with what you bought",
    "personal": "Chosen for you",
    "new_arrivals": "New in what you like",
}
"""By block, the words over it; any other block is called by its name."""


class TemplateFailed(DataError):
    """A template that has no place for this message's values; the message is refused, and others go out."""


@dataclass(frozen=True)
class Rendered:
    """What a person sees of a message.

    Args:
        subject: Of a mail, or the title of a push; one line. An SMS has none.
        text: The whole message as plain text.
        html: Of a mail; null for other channels.
    """

    subject: str
    text: str
    html: str | None = None


def render(message: Message, shop: Shop, folder: str | None = None) -> Rendered:
    """The message as its channel shows it. The same message gives the same bytes: there is no clock in it.

    Args:
        message: What is said.
        shop: Who says it.
        folder: The shop's own templates; null: tillpost's.

    Raises:
        SettingsError: a template does not parse.
        TemplateFailed: it fails on this message.
    """
    found = templates_of(message.trigger, folder)
    values = _values(message, shop)
    try:
        for word in ("headline", "intro"):
            values[word] = one_line(getattr(found, word).render(values))
        if message.channel == "sms":
            return Rendered("", one_line(found.sms.render(values)))
        if message.channel == "push":
            title, _, words = found.push.render(values).strip().partition("\n")
            return Rendered(one_line(title), one_line(words))
        subject = one_line(found.subject.render(values))
        text = found.text.render({**values, "subject": subject})
        return Rendered(subject, text, found.html.render(values))
    except (
        jinja2.TemplateError,
        ArithmeticError,
        TypeError,
        ValueError,
        AttributeError,
        LookupError,
    ) as error:
        raise TemplateFailed(
            f"The template of {message.trigger} fails on message {message.send_key}: {error}",
            remedy=f"Mend it; `tillpost preview --person {message.person}` shows the message.",
        ) from error


def one_line(text: str) -> str:
    r"""The text without line breaks or control characters, which could begin another header.

    >>> one_line("Tea\r\nBcc: all@example.org")
    'Tea Bcc: all@example.org'
    """
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _values(message: Message, shop: Shop) -> dict[str, Any]:
    return {
        "message": message,
        "first": message.items[0],
        "shop": shop,
        "heading": _heading,
        "initial": _initial,
        "price": partial(priced, currency=message.currency),
        "day": _day,
        "forecast": _forecast,
    }


def _heading(block: str) -> str:
    return HEADINGS.get(block) or block.replace("_", " ").capitalize()


def _initial(title: str) -> str:
    """The letter of a placeholder; a dot for a title without letters."""
    return next((character.upper() for character in title if character.isalnum()), "·")


def _day(day: date) -> str:
    return f"{day.day} {day:%B}"


def _forecast(weather: Weather) -> str:
    """The forecast in a line, as far as it is told: `-3 to 4 °C, 2 mm of rain or snow`."""
    low, high, mean, wet = (
        getattr(weather, name)
        for name in ("temperature_min", "temperature_max", "temperature", "precipitation")
    )
    span = low is not None and high is not None
    degrees = f"{low:.0f} to {high:.0f} °C" if span else "" if mean is None else f"{mean:.0f} °C"
    rain = "" if wet is None else f"{wet:.0f} mm of rain or snow" if wet >= Decimal("0.5") else "dry"
    return ", ".join(filter(None, (degrees, rain)))
