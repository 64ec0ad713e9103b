"""What a user agent is: a crawler or not, and which kind of device.

Crawlers are known by the list of the package `crawler-user-agents`, devices by that of `ua-parser`. Looking
one up takes half a millisecond, and a shop's visitors share a few thousand: so each batch of rows is reduced
to its distinct agents, and a worker remembers those it has met.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import crawleruseragents
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column
from pyspark.sql.pandas.functions import arrow_udf
from pyspark.sql.types import BooleanType, StringType, StructField, StructType
from ua_parser import parse

PHONE, TABLET, DESKTOP, TV, OTHER = "phone", "tablet", "desktop", "tv", "other"
DEVICES = (PHONE, TABLET, DESKTOP, TV, OTHER)

_DESKTOPS = frozenset(
    ("Windows", "Mac OS X", "Linux", "Chrome OS", "Ubuntu", "Fedora", "Debian", "FreeBSD", "OpenBSD")
)
_TVS = frozenset(("Tizen", "Web0S", "webOS", "tvOS", "ATV OS X", "Chromecast", "Roku", "FireOS TV"))
_SCREENS = ("smart-tv", "smarttv", "bravia", "android tv", "hbbtv")
_LONGEST = 1024  # characters looked at; longer ones are attacks on parsers

TYPE = StructType([StructField("is_crawler", BooleanType()), StructField("device", StringType())])
_ARROW = pa.struct([("is_crawler", pa.bool_()), ("device", pa.string())])


class Agent(NamedTuple):
    """What one user agent is. `device` is null for one that says nothing of a device, as crawlers do."""

    is_crawler: bool
    device: str | None


@lru_cache(maxsize=100_000)
def classify(user_agent: str) -> Agent:
    """What a user agent is.

    >>> classify("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")
    Agent(is_crawler=True, device=None)
    >>> classify("Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0")
    Agent(is_crawler=False, device='desktop')
    """
    known = user_agent[:_LONGEST]
    if crawleruseragents.is_crawler(known):
        return Agent(True, None)
    return Agent(False, _device(known))


def _device(user_agent: str) -> str | None:
    found = parse(user_agent)
    system = found.os.family if found.os else None
    family = (found.device.family if found.device else "") or ""
    words = user_agent.lower()
    if system in _TVS or any(screen in words for screen in _SCREENS):
        return TV
    if "iPad" in family or "Tablet" in family or "Kindle" in family:
        return TABLET
    if system == "iOS" or system == "Windows Phone":
        return PHONE
    if system == "Android":
        return PHONE if "mobile" in words or "dalvik" in words else TABLET
    if system in _DESKTOPS:
        return DESKTOP
    return OTHER if found.user_agent or system else None


def agent_of(user_agent: Column) -> Column:
    """`is_crawler` and `device` of each user agent, as a struct; a missing one is no crawler's."""
    found: Column = arrow_udf(_classified, TYPE)(user_agent)  # type: ignore[call-overload] # its kind is hinted
    return found


def _classified(user_agents: pa.Array) -> pa.Array:
    distinct = pc.dictionary_encode(user_agents)
    agents: list[Any] = [classify(agent)._asdict() for agent in distinct.dictionary.to_pylist()]
    known = pa.array([*agents, {"is_crawler": False, "device": None}], type=_ARROW)
    return known.take(distinct.indices.fill_null(len(agents)))
