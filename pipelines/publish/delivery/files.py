"""The adapter that hands messages over as files, for a carrier that picks them up: one each, by its send key.

Mails are `<folder>/email/<send key>.eml`, as they go over the wire; the others `<folder>/<channel>/<send key>.json`
with `to`, `title` and `text`. A file stands there whole or not at all, and a second time is the same file.
"""

from __future__ import annotations

import json
from types import TracebackType
from typing import Self

from pipelines.errors import SystemFault
from pipelines.lakehouse import storage
from pipelines.publish.assemble import Shop
from pipelines.publish.delivery.adapter import Unreachable
from pipelines.publish.mail.mime import mail
from pipelines.publish.mail.render import Rendered
from pipelines.publish.messages import ADDRESS, Message


class Files:
    """Files below a folder.

    Args:
        folder: A local path or a URI.
        shop: Who sends.
    """

    def __init__(self, folder: str, shop: Shop) -> None:
        self._folder = folder.rstrip("/")
        self._shop = shop

    def __enter__(self) -> Self:
        """Nothing to open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def deliver(self, message: Message, rendered: Rendered) -> None:
        """Write the file.

        Raises:
            Unreachable: the folder cannot be written.
        """
        place = f"{self._folder}/{message.channel}/{message.send_key}"
        try:
            if message.channel == "email":
                storage.write_atomically(f"{place}.eml", mail(message, rendered, self._shop).as_bytes())
                return
            told = {
                "send_key": message.send_key,
                "to": getattr(message.to, ADDRESS[message.channel]),
                "title": rendered.subject or None,
                "text": rendered.text,
                "link": message.items[0].link,
            }
            storage.write_atomically(f"{place}.json", json.dumps(told, ensure_ascii=False).encode() + b"\n")
        except (OSError, SystemFault) as error:
            raise Unreachable(
                f"the folder {self._folder} cannot be written: {type(error).__name__}"
            ) from error
