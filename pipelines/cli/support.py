"""Commands for a customer's support: who somebody is, by what they can say of themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from pipelines.cli.options import LOCAL, Conf, Sets, settings_of
from pipelines.errors import UsageError

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.support.person import By, Person


Phone = Annotated[str | None, typer.Option(help="As the customer says it.")]
Email = Annotated[str | None, typer.Option(help="As the customer says it.")]
Card = Annotated[str | None, typer.Option(help="Number of the loyalty card.")]


def person(
    phone: Phone = None, email: Email = None, card: Card = None, conf: Conf = LOCAL, sets: Sets = []
) -> None:
    """A customer by phone, e-mail or card: contact, points, purchases, messages, segments, why. Starts no Spark."""
    settings = settings_of(conf, sets)
    _show(_asked(settings, *one_of(phone, email, card)))


def one_of(phone: str | None, email: str | None, card: str | None) -> tuple[By, str]:
    """By what a person is looked up.

    Raises:
        UsageError: by nothing, or by more than one thing.
    """
    by: dict[By, str | None] = {"phone": phone, "email": email, "card": card}
    given = [(kind, value) for kind, value in by.items() if value]
    if len(given) != 1:
        raise UsageError(
            "A person is looked up by one thing", remedy="Give one of --phone, --email and --card."
        )
    return given[0]


def in_one_form(by: By, value: str, region: str) -> str:
    """What was given, in the form in which it is looked for; empty: it is no such thing."""
    from pipelines.calc.contacts import normal

    return value.strip() if by == "card" else normal(by, value, region) or ""


def chat(
    port: Annotated[int, typer.Option(help="On 127.0.0.1.")] = 8765, conf: Conf = LOCAL, sets: Sets = []
) -> None:
    """The same for a chat's bot: POST /person with the token of TILLPOST_SUPPORT_TOKEN; Ctrl+C ends it."""
    settings = settings_of(conf, sets)
    from pipelines import console
    from pipelines.support import webhook

    with webhook.server(lambda by, value: _asked(settings, by, value), port, webhook.token()) as server:
        console.say(f"POST http://{webhook.HOST}:{server.server_port}/person; Ctrl+C ends it")
        server.serve_forever()


def _asked(settings: Settings, by: By, value: str) -> Person:
    from pipelines.lakehouse.vault_key import ensure_key
    from pipelines.support.person import find, look_up

    key = ensure_key(settings.vault.key_file, allow_generated=settings.vault.allow_generated_key)
    root, business = settings.lake.root, settings.business
    found = find(root, key, by, value, region=business.default_region)
    return look_up(root, key, found, today=datetime.now(UTC).astimezone(ZoneInfo(business.time_zone)).date())


def _show(found: Person) -> None:
    from pipelines import console
    from pipelines.support.person import sentences

    for line in sentences(found):
        console.say(line)
    parts: dict[str, list[dict[str, Any]]] = {
        "Points": found.history,
        "Purchases": found.purchases,
        "Messages": found.messages,
        "Segments": found.segments,
        "Why": found.why,
    }
    for title, rows in parts.items():
        if rows:
            head = [name.replace("_", " ") for name in rows[0]]
            console.grid(title, head, [[_text(value) for value in row.values()] for row in rows])


def _text(value: object) -> str:
    return "" if value is None else f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
