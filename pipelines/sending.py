"""`tillpost send`: the messages of a release that are pending go to their carriers. Starts no Spark.

Apart from `publish`, so that a list is out of the house as files whether or not a mail server answers; and again and
again, until nothing is pending.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from functools import partial
from itertools import chain

from pipelines.calc.triggers.definitions import CHANNELS, Channel
from pipelines.errors import DataError, UsageError
from pipelines.lakehouse import log, storage
from pipelines.lakehouse.lake import path_of
from pipelines.lakehouse.lease import lease
from pipelines.publish import live_lists, releases, send_list
from pipelines.publish.assemble import Shop, shop_of
from pipelines.publish.delivery.adapter import Adapter
from pipelines.publish.delivery.deliver import Delivered, Patience, deliver
from pipelines.publish.delivery.files import Files
from pipelines.publish.delivery.journal import journal
from pipelines.publish.delivery.smtp import Server, Smtp
from pipelines.publish.mail.render import render
from pipelines.publish.messages import Message
from pipelines.query import select
from pipelines.settings import Settings


def released(settings: Settings, as_of: date | None) -> Iterator[Message]:
    """The messages of the latest release, or of the latest one of a date, and those that continuous mode listed since.

    Raises:
        UsageError: there is none.
        DataError: a list is not of this version.
    """
    root, found = settings.exports.root.rstrip("/"), _release(settings.lake.root, as_of)
    first, last = as_of or (found[0] if found else date.min), as_of or date.max
    lines: list[str] = []
    if found is not None:
        lines = storage.read_bytes(f"{root}/{found[1]}/{send_list.JSON_LINES}").decode("utf-8").splitlines()
    told = found is not None
    try:
        for message in chain(send_list.read(lines), live_lists.read(root, first, last)):
            told = True
            yield message
    except ValueError as error:
        raise DataError(
            f"A send list below {root} is not of this version",
            remedy="Publish its date again with this version of tillpost.",
        ) from error
    if not told:
        raise UsageError(
            f"Nothing was released{f' for {as_of}' if as_of else ''}",
            remedy="Run `tillpost publish --as-of DAY` first; `select * from audit.releases` lists what was.",
        )


def _release(root: str, as_of: date | None) -> tuple[date, str] | None:
    """The date and the folder of the latest release, or of the latest one of a date; null: there is none."""
    path = path_of(root, releases.TABLE)
    if log.head(path) is None:
        return None
    latest = releases.latest(path)
    which = f"as_of = DATE '{as_of}'" if as_of else f"release_id = '{latest}'"
    found = select(
        root,
        f"SELECT as_of, folder FROM audit.releases WHERE {which} "
        f"ORDER BY release_id = '{latest}' DESC, versions['gold.send_list'] DESC LIMIT 1",
    ).to_pylist()
    return (found[0]["as_of"], found[0]["folder"]) if found else None


def adapter_of(channel: Channel, settings: Settings, shop: Shop) -> Adapter:
    """The carrier of a channel."""
    said = settings.delivery
    if said.carriers.get(channel, "files") == "smtp":
        return Smtp(Server(**said.smtp.model_dump()), shop)
    return Files(said.folder, shop)


def send(settings: Settings, as_of: date | None, *, retry_doubtful: bool = False) -> Delivered:
    """Hand over what is pending and due of a release.

    Args:
        settings: Of the command.
        as_of: The date of the release; null: the latest.
        retry_doubtful: Whether messages in doubt are pending again, since somebody has seen that they did not go.

    Raises:
        UsageError: nothing was released.
        SettingsError: a template does not parse; nothing more was sent.
        LeaseHeld: another process is sending.
        SystemFault: the journal cannot be used.
    """
    shop, said = shop_of(settings.messages, settings.business.currency), settings.delivery
    with ExitStack() as open_:
        open_.enter_context(lease(settings.lake.root, "send", f"send-{secrets.token_hex(3)}"))
        book = open_.enter_context(journal(said.journal))
        if retry_doubtful:
            book.retry_doubtful()
        adapters = {channel: open_.enter_context(adapter_of(channel, settings, shop)) for channel in CHANNELS}
        return deliver(
            released(settings, as_of),
            adapters,
            book,
            partial(render, shop=shop, folder=settings.messages.templates),
            now=datetime.now(UTC),
            patience=Patience(said.attempts, said.wait_seconds),
        )
