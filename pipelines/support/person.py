"""What a customer's support sees of a person, found by phone, e-mail or card: asked of the lake, without Spark.

The only question that opens the vault, and only for the one person asked for. What was asked and what was found stand
in no log, no message of an error and no file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal, cast

from pipelines.calc.contacts import normal
from pipelines.errors import UsageError
from pipelines.lakehouse.vault import Kind, Sealed, digest_of, open_sealed
from pipelines.lakehouse.vault_key import KeyRef
from pipelines.support import queries
from pipelines.support.reading import Reading, Rows, reading

By = Literal["phone", "email", "card"]
SHOWN = 20
"""So many of what may be long, the newest."""


@dataclass(frozen=True)
class Person:
    """Everything that support is told of a person; lists are the newest first, at most `SHOWN` long.

    Args:
        person_id: The person.
        contacts: `email` and `phone` as their forms say, each once.
        cards: Their loyalty cards.
        profile: Of the last close: lifecycle stage, favourite store, last purchase, channels that reach them.
        points: `balance` of all entries, and `available` of those that can be spent today.
        frozen: Points that cannot be spent yet, with the day from when they can.
        history: Entries of the ledger, with the balance after each.
        purchases: Receipts and orders.
        messages: What was sent to them, and what they did with it.
        segments: Where they are in, and since when.
        why: What was decided of sending to them and by which gate, or the goods of their last message.
    """

    person_id: str
    contacts: dict[str, list[str]]
    cards: list[str]
    profile: dict[str, Any]
    points: dict[str, int]
    frozen: Rows
    history: Rows
    purchases: Rows
    messages: Rows
    segments: Rows
    why: Rows

    def as_dict(self) -> dict[str, Any]:
        """As JSON may have it, but for dates and amounts, which `str` makes texts of."""
        return asdict(self)


def find(root: str, key: KeyRef, by: By, value: str, *, region: str) -> str:
    """Whose a phone, an e-mail address or a card is.

    Args:
        root: The lake.
        key: The vault's key.
        by: What is given.
        value: As the customer says it.
        region: Of a phone number without a country code.

    Raises:
        UsageError: it cannot be one, was never seen, or is nobody's; the message does not say it.
        SystemFault: there is no lake.
    """
    written = value.strip() if by == "card" else normal(by, value, region)
    if not written:
        raise UsageError(f"What was given is no {by}", remedy="Ask the customer again, or for the card.")
    with reading(root) as lake:
        name = written if by == "card" else _token(lake, digest_of(key, cast(Kind, by), written))
        kind = "loyalty_card" if by == "card" else by
        found = lake.rows(queries.WHOSE, {"type": kind, "value": name})
    if not found or found[0]["person_id"] is None:
        why = "is shared by too many to be somebody's" if found else "was never seen"
        raise UsageError(f"That {by} {why}", remedy="Ask the customer for something else to be known by.")
    return str(found[0]["person_id"])


def look_up(root: str, key: KeyRef, person: str, *, today: date) -> Person:
    """What support is told of a person.

    Args:
        root: The lake.
        key: The vault's key.
        person: The person's id.
        today: Points that can be spent from a later day on are frozen.

    Raises:
        SystemFault: there is no lake.
        SettingsError: the contacts are sealed under another key.
    """
    who: dict[str, object] = {"person": person}
    newest = {**who, "shown": SHOWN}
    with reading(root) as lake:
        cards = [row["card"] for row in lake.rows(queries.CARDS, who)]
        ledger = lake.rows(queries.LEDGER, who)
        frozen = [row for row in ledger if row["available_on"] > today]
        balance = sum(row["points"] for row in ledger)
        profile = lake.rows(queries.PROFILE, who)
        return Person(
            person_id=person,
            contacts=_contacts(lake, key, cards),
            cards=cards,
            profile=profile[0] if profile else {},
            points={"balance": balance, "available": balance - sum(row["points"] for row in frozen)},
            frozen=[{name: row[name] for name in ("points", "available_on", "reason")} for row in frozen][
                :SHOWN
            ],
            history=ledger[:SHOWN],
            purchases=_newest([*lake.rows(queries.RECEIPTS, newest), *lake.rows(queries.ORDERS, newest)]),
            messages=lake.rows(queries.MESSAGES, newest),
            segments=lake.rows(queries.SEGMENTS, who),
            why=lake.rows(queries.DECIDED if lake.has("gold.send_decisions") else queries.SENT, newest),
        )


def _contacts(lake: Reading, key: KeyRef, cards: Sequence[str]) -> dict[str, list[str]]:
    """The contacts on the forms of the cards, those of the newest form first."""
    found: dict[str, list[str]] = {"email": [], "phone": []}
    forms = lake.rows(queries.FORMS, {"cards": cards}) if cards else []
    tokens = list(dict.fromkeys(form[kind] for form in forms for kind in found if form[kind]))
    if tokens:
        sealed = {row["token"]: row for row in lake.rows(queries.SEALED, {"tokens": tokens})}
        for token in tokens:
            if token in sealed:
                row = Sealed(**sealed[token])
                found[row.kind].append(open_sealed(key, row))
    return found


def _newest(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: (row["happened_at"], row["document"]), reverse=True)[:SHOWN]


def _token(lake: Reading, digest: str) -> str:
    """The token that the lake has held for a contact since before the key was changed; else the digest itself."""
    known = lake.rows(queries.TOKEN, {"digest": digest})
    return str(known[0]["token"]) if known else digest


def sentences(person: Person) -> list[str]:
    """The answer in a few lines, as a chat shows them."""
    points, profile = person.points, person.profile
    said = [
        f"{person.person_id}: {', '.join(person.contacts['email'] + person.contacts['phone']) or 'no contact'}"
    ]
    if profile:
        said.append(f"{profile['lifecycle_stage']}; last purchase {profile['last_purchase_on'] or 'none'}")
    said.append(f"{points['balance']} points, {points['available']} of them to spend now")
    said += [f"{row['points']} points are frozen until {row['available_on']}" for row in person.frozen]
    said += [_purchase(row) for row in person.purchases[:3]]
    if person.segments:
        said.append("in " + ", ".join(row["segment"] for row in person.segments))
    return said


def _purchase(row: Mapping[str, Any]) -> str:
    return f"{row['happened_at']:%Y-%m-%d} {row['kind']} {row['document']}: {row['amount']}"
