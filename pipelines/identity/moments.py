"""What the replay takes in, moment by moment, and what it keeps of each: observations, decisions, links and spans.

Identifiers are whole numbers, and times microseconds, as in the replay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pipelines.identity.reasons import Reason


class Observation(NamedTuple):
    """One edge as it came.

    Args:
        at: When it was observed.
        left: An identifier of this component.
        right: Another, larger one; -1 where the left one was seen alone or with `far`.
        source: Its place in the law.
        far: An identifier of another component, which is shared and so joins nobody; else -1.
    """

    at: int
    left: int
    right: int
    source: int
    far: int = -1


class Exclusion(NamedTuple):
    """From `at` on the two are not one person."""

    at: int
    left: int
    right: int


class Link:
    """What is known of two identifiers that were seen together; `reason` is null while it joins them."""

    __slots__ = ("count", "expires", "first", "last", "left", "out", "reason", "right", "source", "strength")

    def __init__(self, seen: Observation, left: int, right: int) -> None:
        self.left, self.right = left, right
        self.first = self.last = seen.at
        self.count = 0
        self.source = seen.source
        self.expires = 0
        self.reason: Reason | None = None
        self.out: int | None = seen.at  # until it joins
        self.strength: tuple[float, ...] = ()


class Span(NamedTuple):
    """An identifier is a person's from `since` until `until`, which is null while it is."""

    node: int
    person: str
    since: int
    until: int | None


def merged(
    observations: Iterable[Observation], exclusions: Sequence[Exclusion]
) -> Iterator[Observation | Exclusion]:
    """In order of time, decisions before what was observed in the same moment."""
    waiting = sorted(exclusions)[::-1]
    for seen in observations:
        while waiting and waiting[-1].at <= seen.at:
            yield waiting.pop()
        yield seen
    yield from waiting[::-1]
