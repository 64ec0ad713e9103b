"""Contacts and identifiers: nobody's. Addresses are of reserved domains, numbers of ranges kept for fiction.

Domains: example.com, .net and .org (RFC 2606). Numbers: 555-0100 to -0199 of fifty area codes (NANPA), five
ranges of ARCEP's for France, and eight of ACMA's for Australia: 135,000, which `phonenumbers` holds for valid.
Whoever would get a number beyond them has none.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from pipelines.simulate.draws import Draws, at, whole

_AREAS = tuple(str(first + n) for first in (201, 301, 312, 401, 501) for n in range(10))
_FRANCE = ("+3319900", "+3326191", "+3335301", "+3346571", "+3353649")
_AUSTRALIA = tuple(f"+61{area}{block}" for area in "2378" for block in ("5550", "7010"))
_WIDE = _FRANCE + _AUSTRALIA

US_NUMBERS = 100 * len(_AREAS)
PHONE_NUMBERS = US_NUMBERS + 10_000 * len(_WIDE)


def phone_number(place: Column) -> Column:
    """The number at a place, from 0, of all reserved ones, in E.164; null where they have ended."""
    beyond = place - US_NUMBERS
    national = F.concat(
        F.lit("+1"),
        at(_AREAS, whole(place / 100)),
        F.lit("55501"),
        F.lpad((place % 100).cast("string"), 2, "0"),
    )
    abroad = F.concat(at(_WIDE, whole(beyond / 10_000)), F.lpad((beyond % 10_000).cast("string"), 4, "0"))
    return F.when(place < US_NUMBERS, national).when(place < PHONE_NUMBERS, abroad)


def dictated(phone: Column, uniform: Column) -> Column:
    """The number as a cashier or a form writes it: half of the time as people group it, else in E.164."""
    grouped = F.concat_ws(
        " ",
        F.substring(phone, 1, 2),
        F.concat(F.lit("("), F.substring(phone, 3, 3), F.lit(")")),
        F.substring(phone, 6, 7),
    )
    return F.when(phone.startswith("+1") & (uniform < 0.5), grouped).otherwise(phone)


def email_address(person: Column) -> Column:
    """The person's address, in its one written form."""
    return F.concat(
        F.lit("p"), person.cast("string"), F.lit("@example."), at(("com", "net", "org"), person % 3)
    )


def typed(email: Column, uniform: Column) -> Column:
    """The address as somebody types it: one time in five in capitals."""
    return F.when(uniform < 0.2, F.upper(email)).otherwise(email)


def loyalty_card(person: Column) -> Column:
    """The number of the person's loyalty card."""
    return F.concat(F.lit("C"), F.lpad(person.cast("string"), 9, "0"))


def login(draws: Draws, person: Column) -> Column:
    """The name of the person's account."""
    return F.concat(F.lit("u-"), draws.token("login", person))


def payment_token(draws: Draws, person: Column) -> Column:
    """The payment provider's token of the person's bank card."""
    return F.concat(F.lit("pt-"), draws.token("payment token", person))


def push_token(draws: Draws, person: Column) -> Column:
    """Where the person's first browser takes push messages."""
    return F.concat(F.lit("push-"), draws.token("push token", person))
