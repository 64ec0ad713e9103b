"""Commands about messages: how one will look, and handing those of a release over to their carriers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import LOCAL, Conf, MaybeAsOf, Sets, settings_of
from pipelines.errors import SystemFault, UsageError

if TYPE_CHECKING:
    from pipelines.publish.delivery.deliver import Delivered


def preview(
    person: Annotated[str, typer.Option(help="The person's id.")],
    as_of: MaybeAsOf = None,
    html: Annotated[Path | None, typer.Option(help="Write it there as a page that a browser shows.")] = None,
    conf: Conf = LOCAL,
    sets: Sets = [],
) -> None:
    """What a person gets from the latest release, or from that of a day; without their address. Starts no Spark."""
    settings = settings_of(conf, sets)
    from pipelines import console, sending
    from pipelines.lakehouse import storage
    from pipelines.publish.assemble import shop_of
    from pipelines.publish.gallery import gallery
    from pipelines.publish.mail.render import render

    day = as_of.date() if as_of else None
    messages = [message for message in sending.released(settings, day) if message.person == person]
    if not messages:
        raise UsageError(
            f"{person} gets no message",
            remedy="gold.send_list has those who do; `tillpost person` says why somebody does not.",
        )
    shop, folder = shop_of(settings.messages, settings.business.currency), settings.messages.templates
    for message in messages:
        rendered = render(message, shop, folder)
        console.say(f"{message.channel} · {message.campaign} · {message.send_at:%Y-%m-%d %H:%M} UTC")
        console.say(f"{rendered.subject}\n\n{rendered.text}")
    if html is not None:
        page = gallery(messages, shop, messages[0].as_of, folder)
        storage.write_atomically(str(html), page.encode())


def send(
    as_of: MaybeAsOf = None,
    retry_doubtful: Annotated[
        bool,
        typer.Option(
            "--retry-doubtful",
            help="Send what is in doubt again: you have seen that the carrier does not have it.",
        ),
    ] = False,
    conf: Conf = LOCAL,
    sets: Sets = [],
) -> None:
    """Hand the pending messages of the latest release, or of that of a day, over to their carriers, each once."""
    settings = settings_of(conf, sets)
    from pipelines import sending

    found = sending.send(settings, as_of.date() if as_of else None, retry_doubtful=retry_doubtful)
    _show(found)
    if found.unreachable:
        raise SystemFault(
            "; ".join(f"{channel}: {why}" for channel, why in found.unreachable.items()),
            remedy="Nothing is lost: what was not sent is pending. Run `tillpost send` again.",
        )


def _show(found: Delivered) -> None:
    from pipelines import console

    states = {str(state): count for state, count in found.states.items()}
    told = {
        "sent by this call": found.now,
        **states,
        "not due yet": found.not_yet,
        "no contact": found.unaddressed,
    }
    console.grid("", ["messages", ""], [[what, f"{count:,}"] for what, count in told.items()], right=("",))
    for send_key, why in found.rejected:
        console.say(f"{send_key} is refused: {why}")
