"""The rules as arrays and numbers, for the replay: types and sources by their place, times in microseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.identity.rules import Rules

NEVER = 2**62
"""A time, a size or a number that nothing reaches; half of the largest, so that sums stay in range."""

_DAY = 86_400_000_000
INCLUDE = "(include)"
"""The source of a link that somebody decided; no source of evidence may be called so."""


@dataclass(frozen=True)
class Law:
    """What the replay asks of the rules.

    Args:
        unique: By type, whether a person has one.
        personal: By type, whether it is one person's own.
        caps: By type and other type, how many it may be seen with; `NEVER` without a cap.
        weight: By source.
        weak: By source, whether it never ties two who each have something personal.
        ttl: By source, in microseconds; `NEVER` for ever.
        reissue: By source, whether two of a unique type count as one from then on.
        include: By source, whether it is a decision.
        most: The most identifiers of one person.
    """

    unique: tuple[bool, ...]
    personal: tuple[bool, ...]
    caps: tuple[tuple[int, ...], ...]
    weight: tuple[float, ...]
    weak: tuple[bool, ...]
    ttl: tuple[int, ...]
    reissue: tuple[bool, ...]
    include: tuple[bool, ...]
    most: int

    @property
    def expires(self) -> bool:
        """Whether any of the sources has a time to live."""
        return min(self.ttl, default=NEVER) < NEVER


def law(rules: Rules, sources: Sequence[str]) -> Law:
    """The law for evidence from these sources, which are known by their place from here on."""
    size = len(rules.types)
    caps = [[NEVER] * size for _ in rules.types]
    for cap in rules.caps:
        caps[rules.priority[cap.of]][rules.priority[cap.to]] = cap.most
    worth = [rules.source(name) for name in sources]
    return Law(
        unique=tuple(one.unique for one in rules.types),
        personal=tuple(one.personal for one in rules.types),
        caps=tuple(map(tuple, caps)),
        weight=tuple(one.weight for one in worth),
        weak=tuple(one.weak for one in worth),
        ttl=tuple(one.ttl_days * _DAY if one.ttl_days else NEVER for one in worth),
        reissue=tuple(one.reissue or name == INCLUDE for name, one in zip(sources, worth, strict=True)),
        include=tuple(name == INCLUDE for name in sources),
        most=rules.max_identifiers or NEVER,
    )
