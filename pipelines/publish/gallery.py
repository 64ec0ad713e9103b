"""A page of a day's messages as people will see them, of every trigger some; no address stands on it.

Each mail stands in a frame of its own, as wide as a phone, that runs no script. Pictures come from the shop's site.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from pipelines.publish.assemble import Shop
from pipelines.publish.mail.render import Rendered, render
from pipelines.publish.messages import Message, Refused
from pipelines.publish.report import environment

PAGE = "gallery.html"


class Sample:
    """The first messages of each trigger and channel that go by, to be shown later.

    Args:
        most: How many of each are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[tuple[str, str], list[Message]] = {}

    def of(self, found: Iterable[Message | Refused]) -> Iterator[Message | Refused]:
        """What goes by, unchanged."""
        for one in found:
            if isinstance(one, Message):
                kept = self._kept.setdefault((one.trigger, one.channel), [])
                if len(kept) < self._most:
                    kept.append(one)
            yield one

    def messages(self) -> list[Message]:
        """At most `most`: the first of every trigger and channel, then the second of every one, and so on."""
        turns = [
            message
            for turn in range(self._most)
            for _, kept in sorted(self._kept.items())
            for message in kept[turn : turn + 1]
        ]
        return turns[: self._most]


@dataclass(frozen=True)
class Shown:
    """A message on the page."""

    message: Message
    rendered: Rendered


def gallery(messages: Iterable[Message], shop: Shop, as_of: date, folder: str | None) -> str:
    """The page as HTML. The same messages give the same page.

    Raises:
        SettingsError: a template does not parse.
        TemplateFailed: one fails on a message.
    """
    shown = [Shown(message, render(message, shop, folder)) for message in messages]
    return (
        environment(shop.currency).get_template("gallery.html.j2").render(shown=shown, shop=shop, as_of=as_of)
    )
