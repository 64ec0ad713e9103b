"""Channels by an ordered rule table: the first rule whose conditions all hold names the channel.

The rules are data (`conf/channels.yaml`), checked once when the settings are read, and compiled to one CASE
expression. Google Analytics' default channel group is the table that comes with tillpost:
https://support.google.com/analytics/answer/9756891.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pipelines.calc.lazy import Late

if TYPE_CHECKING:
    from pyspark.sql import Column
    from pyspark.sql import functions as F
else:
    F = Late("pyspark.sql.functions")

DIRECT, UNASSIGNED = "Direct", "Unassigned"
DIRECT_SOURCE, NO_MEDIUM = "direct", "(none)"
"""What a session has that came with neither a tag nor a referrer, as Google Analytics writes it."""

_DOORS = r"(?:(?:www|m|l|lm|search|away|old|out|[a-z]{2})\.)*"  # sub-domains that are the site itself


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}") from error
    return text


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_pattern)]


class ChannelRule(BaseModel):
    """One row of the table.

    Args:
        channel: What the session came by where every condition below that is given holds.
        source: A pattern for the whole source, in lower case.
        medium: Likewise for the medium.
        campaign: Likewise for the campaign.
        site: A kind of site that the source must be of.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: Annotated[str, Field(min_length=1)]
    source: Pattern | None = None
    medium: Pattern | None = None
    campaign: Pattern | None = None
    site: str | None = None

    @property
    def conditions(self) -> tuple[str | None, ...]:
        """What it asks for, without what it gives."""
        return (self.source, self.medium, self.campaign, self.site)

    @model_validator(mode="after")
    def _asks_for_something(self) -> ChannelRule:
        if not any(self.conditions):
            raise ValueError(
                f"the rule of {self.channel} asks for nothing, so no rule after it could ever fit; what fits "
                f"none is {UNASSIGNED}"
            )
        return self


def check_rules(rules: Sequence[ChannelRule], sites: Mapping[str, Sequence[str]]) -> None:
    """Refuse a table with a rule that cannot work.

    Raises:
        ValueError: no rules, a rule that asks for an unknown kind of site, or what an earlier one asks for.
    """
    if not rules:
        raise ValueError("there is no rule")
    seen: dict[tuple[str | None, ...], int] = {}
    for number, rule in enumerate(rules, 1):
        if rule.site is not None and rule.site not in sites:
            near = difflib.get_close_matches(rule.site, sites, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"rule {number} ({rule.channel}) names the unknown site {rule.site!r}{hint}")
        first = seen.setdefault(rule.conditions, number)
        if first != number:
            raise ValueError(f"rule {number} ({rule.channel}) asks for what rule {first} does: it never fits")


def channel_of(
    source: Column,
    medium: Column,
    campaign: Column,
    rules: Sequence[ChannelRule],
    sites: Mapping[str, Sequence[str]],
) -> Column:
    """The channel, as one CASE expression; a missing campaign fits no pattern.

    A source, medium and campaign are compared in lower case.
    """
    facts = {"source": F.lower(source), "medium": F.lower(medium), "campaign": F.lower(campaign)}
    found = F.lit(UNASSIGNED)
    for rule in reversed(rules):
        asked = [
            facts[name].rlike(f"^(?:{pattern})$")
            for name in facts
            if (pattern := getattr(rule, name)) is not None
        ]
        asked += [is_of(facts["source"], sites[rule.site])] if rule.site is not None else []
        found = F.when(reduce(and_, asked), F.lit(rule.channel)).otherwise(found)
    return found


def is_of(source: Column, names: Sequence[str]) -> Column:
    """Whether a source, in lower case, is one of these sites: the name, or a host that the name begins."""
    return source.rlike(site_pattern(names))


def site_pattern(names: Sequence[str]) -> str:
    """The pattern of the sources that are one of these sites.

    >>> google = re.compile(site_pattern(["google"]))
    >>> [bool(google.search(s)) for s in ("google", "www.google.co.uk", "mail.google.com", "googles")]
    [True, True, False, False]
    """
    listed = "|".join(re.escape(name.lower()) for name in names)
    return rf"^{_DOORS}(?:{listed})(?:\.[a-z.]+)?$"
