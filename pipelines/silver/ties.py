"""What facts tie: of the identifiers that a fact carries, which is evidence of which, and by what source."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

from pipelines.silver.identity_events import CARD_REISSUED, PHONE_CONFIRMED, PUSH_ALLOWED, WIFI_SIGN_UP


@dataclass(frozen=True)
class Star:
    """What a fact ties: of the `hubs` the first that it carries, to each of the `spokes` that it carries.

    Args:
        hubs: The strongest first.
        spokes: Each with the source that the tie is evidence of; `conf/identity.yaml` says what that is worth.
        by_phone: The source of each tie of which one end is a phone; empty: as `spokes` says.
    """

    hubs: tuple[str, ...]
    spokes: Mapping[str, str]
    by_phone: str = ""


TILL = (
    Star(
        ("loyalty_card", "email", "phone", "payment_token", "order"),
        {"email": "till_email", "phone": "", "payment_token": "payment", "order": "click_and_collect"},
        by_phone="till_dictated",
    ),
)
ORDER = (
    Star(
        ("loyalty_card", "login", "email", "phone", "order"),
        {
            "login": "web_order",
            "email": "web_order",
            "phone": "",
            "payment_token": "payment",
            "order": "web_order",
        },
        by_phone="phone_given",
    ),
    Star(("login", "email", "phone", "order"), {"cookie": "web_order"}, by_phone="phone_given"),
)
_DEVICE = Star(
    ("cookie", "login", "email", "phone"),
    {"push_token": "push", "mail_link_id": "mail_link", "sms_link_id": "sms_link"},
)
_VISITOR = {"email": "site_form", "phone": "", "cookie": "login", "order": "web_order"}
SITE = (Star(("login", "email", "phone", "cookie"), _VISITOR, by_phone="phone_given"), _DEVICE)
SITE_BY_LINK = (
    Star(("cookie",), {"login": "auto_login"}),
    Star(("email", "phone", "cookie"), _VISITOR, by_phone="phone_given"),
    _DEVICE,
)
"""Of an account that a message's link alone signed in: whoever it was passed on to is there under another's name."""

MAIL = (
    Star(
        ("loyalty_card", "email", "phone"),
        {
            "email": "addressed",
            "phone": "addressed",
            "mail_link_id": "addressed",
            "sms_link_id": "addressed",
            "push_token": "push",
        },
    ),
)
FORM = (Star(("loyalty_card",), {"email": "loyalty_form", "phone": ""}, by_phone="form_phone"),)
_KNOWN = ("loyalty_card", "login", "email", "phone")
_GIVEN = (*_KNOWN[1:], "cookie", "push_token", "device_id")
MADE_KNOWN = {
    PHONE_CONFIRMED: (Star(_KNOWN, dict.fromkeys(_GIVEN, "phone_confirmed")),),
    WIFI_SIGN_UP: (Star((*_KNOWN, "device_id"), dict.fromkeys(_GIVEN, "wifi_sign_up")),),
    PUSH_ALLOWED: (Star((*_KNOWN, "device_id", "cookie"), dict.fromkeys(_GIVEN[2:], "push")),),
    CARD_REISSUED: (Star(("loyalty_card",), {"former_card": "card_reissued"}),),
}
"""By the kind of an identity event."""

STRONGEST = (
    *_KNOWN,
    "payment_token",
    "order",
    "cookie",
    "push_token",
    "device_id",
    "mail_link_id",
    "sms_link_id",
)
"""Of a fact that ties nothing, the first of these that it carries was seen alone."""

_CONTACTS = ("email", "phone")
_MALFORMED = {name: f"{name}_malformed" for name in _CONTACTS}
_TYPES = {"former_card": "loyalty_card"} | {column: name for name, column in _MALFORMED.items()}
"""What a column is, where it is not called by its type."""


def tied(edges: Column) -> Column:
    """The edges of `ties` whose spokes are there and are not the hub."""
    return F.filter(
        edges,
        lambda tie: (
            tie["left_value"].isNotNull()
            & tie["right_value"].isNotNull()
            & ((tie["left_type"] != tie["right_type"]) | (tie["left_value"] != tie["right_value"]))
        ),
    )


def ties(stars: tuple[Star, ...]) -> Column:
    """An edge of each spoke of the stars; `tied` leaves out those that are none.

    Where a spoke is a contact, what was written in its place and is none is one, too; it is never the hub.
    """
    return F.array(*(edge for star in stars for edge in _spokes(star)))


def _spokes(star: Star) -> Iterator[Column]:
    hub = _first(star.hubs)
    for spoke, source in star.spokes.items():
        worth = F.lit(source)
        if star.by_phone and spoke == "phone":
            worth = F.lit(star.by_phone)
        elif star.by_phone:
            worth = F.when(hub["type"] == "phone", star.by_phone).otherwise(source)
        yield _edge(hub, spoke, worth)
        if spoke in _MALFORMED:
            yield _edge(hub, _MALFORMED[spoke], worth)


def untied(columns: Collection[str]) -> Column:
    """What a fact says without another end: each contact that it does not tie; if it ties nothing, its strongest
    identifier.

    Reads `ends`, the identifiers that it ties.

    Args:
        columns: Those of the facts.
    """
    strongest = _first(tuple(name for name in STRONGEST if name in columns))
    alone = [F.when(F.size("ends") == 0, _edge(strongest, None, F.lit("seen")))]
    for name in (*_CONTACTS, *_MALFORMED.values()):
        untold = F.col(name).isNotNull() & ~F.array_contains("ends", F.col(name))
        alone.append(F.when(untold, _edge(_first((name,)), None, F.lit("seen"))))
    return F.filter(F.array_distinct(F.array(*alone)), lambda one: one["left_value"].isNotNull())


def _first(names: tuple[str, ...]) -> Column:
    """The first of these identifiers that the fact carries; null: none of them."""
    named = [
        F.when(
            F.col(name).isNotNull(),
            F.struct(F.lit(_TYPES.get(name, name)).alias("type"), F.col(name).alias("value")),
        )
        for name in names
    ]
    return F.coalesce(*named)


def _edge(hub: Column, spoke: str | None, source: Column) -> Column:
    """An edge of which every part may be null, so that edges of all sources fit one array."""
    nothing = F.lit(None).cast("string")
    there = hub["type"].isNotNull()
    kind = nothing if spoke is None else F.when(F.col(spoke).isNotNull(), _TYPES.get(spoke, spoke))
    return F.struct(
        F.when(there, source).alias("source"),
        hub["type"].alias("left_type"),
        hub["value"].alias("left_value"),
        kind.alias("right_type"),
        (nothing if spoke is None else F.col(spoke)).alias("right_value"),
    )
