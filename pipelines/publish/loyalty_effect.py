"""The part of the loyalty report on its effect: members beside others, made alike, and what that does not prove."""

from __future__ import annotations

from typing import Any

from pipelines.publish.loyalty_collect import SPAN_DAYS, LoyaltyFigures
from pipelines.publish.page import UNKNOWN, Section, between, count, percent

_LIMITS = (
    "Members chose to join, and are asked for at the till more often the more often they come; whoever buys much gains "
    "most by joining. Strata of earlier revenue take away what that says, and nothing else: children, distance and "
    "plans stay in it. What people bought without showing a card is in neither group. Only a lot can tell what the "
    "programme causes: leave some new members without points for a while, and land it in `assignments`."
)


def effect(figures: LoyaltyFigures, cash: Any) -> Section:
    """Members beside others who are known; nothing where there are none of one kind."""
    found = figures.effect
    lead = (
        f"Revenue per person in the last {SPAN_DAYS} days, of people who had bought in the {SPAN_DAYS} before: those "
        "known to be members at the start of the span beside others who were known. As they are, and alike: weighted "
        "so that both groups had bought as much before."
    )
    head = ("", "People", "Other people", "Members", "Difference", "95 %", "Lift")
    nothing = (
        "There is nobody to compare members with: whoever is known is a member, or nobody was one by the start of "
        "the span. So nothing here says what the programme brings."
    )
    if found is None:
        return Section("effect", "Members beside others", lead, head, (), nothing=nothing)
    people = found.others.n + found.members.n
    plain = ((found.members.mean or 0.0), (found.others.mean or 0.0))
    rows = [
        (
            "As they are",
            count(people),
            cash(plain[1]),
            cash(plain[0]),
            cash(plain[0] - plain[1]),
            UNKNOWN,
            UNKNOWN,
        )
    ]
    alike = found.alike.comparison
    if found.alike.means is not None:
        first, second = found.alike.means
        low, high = alike.absolute_interval or (None, None)
        rows.append(
            (
                "Alike by earlier revenue",
                f"{count(round(found.alike.covered * people))} in {found.alike.strata} strata",
                cash(first),
                cash(second),
                cash(alike.absolute),
                between(low, high, cash),
                percent(alike.relative),
            )
        )
    return Section(
        "effect", "Members beside others", lead, head, tuple(rows), said=(alike.note, _LIMITS), nothing=nothing
    )  # fmt: skip
