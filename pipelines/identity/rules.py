"""The rules by which evidence becomes persons: typed, frozen, and refused before anything is computed.

`conf/identity.yaml` has tillpost's own, each with a comment. Rules are values without a date of their own, save the
two lists of decisions: what somebody decided counts from `since` on, so that what was known before stays known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    field_validator,
    model_validator,
)

from pipelines.errors import SettingsError
from pipelines.identity.forest import Forest

SEPARATOR = ":"  # between type and value in the one text that an identifier is inside the graph


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IdentifierType(_Part):
    """A type of identifier.

    Args:
        name: As the evidence has it.
        unique: A person has one at a time, unless it was re-issued.
        personal: It is one person's own, unlike a device or a family's phone: weak evidence does not make one
            person of two who each have such.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    unique: bool = False
    personal: bool = False


class Blocked(_Part):
    """Values that stand for nobody: whole values in any case, and regular expressions."""

    values: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    @field_validator("patterns")
    @classmethod
    def _compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
        return patterns


class Cap(_Part):
    """An identifier of type `of` that is seen with more than `most` of type `to` is shared: it is nobody's."""

    of: str
    to: str
    most: PositiveInt


class Source(_Part):
    """What evidence of a source is worth.

    Args:
        weight: The heavier of two links outlives the other in a conflict; 0: evidence of this source joins nobody.
        weak: It may add an identifier to a person, and never ties two who each have something personal.
        ttl_days: A link that was not observed for longer than this ends when one of its ends is; null: never.
        reissue: It tells that one identifier replaces another of the same type: both count as one.
    """

    weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    weak: bool = False
    ttl_days: PositiveInt | None = None
    reissue: bool = False


class Identifier(_Part):
    """One identifier, as in the evidence."""

    type: str
    value: Annotated[str, Field(min_length=1)]

    @property
    def node(self) -> str:
        """The one text of it inside the graph, which is also what a person id is the hash of."""
        return f"{self.type}{SEPARATOR}{self.value}"


class Decision(_Part):
    """What a person decided about two identifiers, from when on (UTC where it names no zone), and why."""

    left: Identifier
    right: Identifier
    since: datetime
    why: str = ""

    @field_validator("since")
    @classmethod
    def _zoned(cls, since: datetime) -> datetime:
        return since if since.tzinfo else since.replace(tzinfo=UTC)

    @property
    def nodes(self) -> tuple[str, str]:
        """Both, the smaller text first."""
        left, right = sorted((self.left.node, self.right.node))
        return left, right


class Rules(_Part):
    """All of them.

    Args:
        types: Every type that evidence may name, by priority, the strongest first.
        blocked: Values that stand for nobody.
        caps: How many of another type an identifier may be seen with.
        sources: What each source is worth; one that is not named has weight 1 and does not expire.
        max_identifiers: The most that one person may have; a link beyond is refused. Null: no limit.
        include: These two are one person. The strongest of evidence; a unique type is still held unique.
        exclude: These two never are; a person who has both is cut.
    """

    types: Annotated[tuple[IdentifierType, ...], Field(min_length=1)]
    blocked: Blocked = Blocked()
    caps: tuple[Cap, ...] = ()
    sources: Mapping[str, Source] = {}
    max_identifiers: PositiveInt | None = None
    include: tuple[Decision, ...] = ()
    exclude: tuple[Decision, ...] = ()

    @model_validator(mode="after")
    def _agree(self) -> Self:
        names = [one.name for one in self.types]
        faults = [
            f"types: {name} is listed twice" for name in sorted({n for n in names if names.count(n) > 1})
        ]
        faults += [
            f"{where}: {name} is not one of the types {', '.join(names)}"
            for where, name in self._named_types()
            if name not in names
        ]
        pairs = [(cap.of, cap.to) for cap in self.caps]
        faults += [
            f"caps: {of} to {to} is capped twice" for of, to in {p for p in pairs if pairs.count(p) > 1}
        ]
        faults += _contradictions(self.include, self.exclude)
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _named_types(self) -> Iterator[tuple[str, str]]:
        for cap in self.caps:
            yield from (("caps", cap.of), ("caps", cap.to))
        for where, decisions in (("include", self.include), ("exclude", self.exclude)):
            for decision in decisions:
                yield from ((where, decision.left.type), (where, decision.right.type))

    @cached_property
    def priority(self) -> dict[str, int]:
        """The place of each type; 0 is the strongest."""
        return {one.name: place for place, one in enumerate(self.types)}

    def source(self, name: str) -> Source:
        """What evidence of the source is worth."""
        return self.sources.get(name, Source())

    def excluding(self, left: Identifier, right: Identifier, *, since: datetime, why: str = "") -> Rules:
        """These rules and one more pair that never is one person: an unmerge.

        Raises:
            SettingsError: the pair is held together by `include`, or names an unknown type.
        """
        return self._with("exclude", Decision(left=left, right=right, since=since, why=why))

    def including(self, left: Identifier, right: Identifier, *, since: datetime, why: str = "") -> Rules:
        """These rules and one more pair that is one person: a merge by hand.

        Raises:
            SettingsError: `exclude` holds the pair apart, or it names an unknown type.
        """
        return self._with("include", Decision(left=left, right=right, since=since, why=why))

    def _with(self, name: str, decision: Decision) -> Rules:
        return parse({**self.model_dump(), name: (*getattr(self, name), decision)}, where=f"the {name} list")


def _contradictions(include: tuple[Decision, ...], exclude: tuple[Decision, ...]) -> list[str]:
    """What the two lists say against each other, or of one identifier; by place, since values may be contacts."""
    one_person = Forest[str]()
    faults = [
        f"{name}[{place}]: both are the same identifier"
        for name, decisions in (("include", include), ("exclude", exclude))
        for place, one in enumerate(decisions)
        if one.left == one.right
    ]
    for decision in include:
        one_person.join(*decision.nodes)
    return faults + [
        f"exclude[{place}]: include makes the two one, straight or through others"
        for place, decision in enumerate(exclude)
        if decision.left != decision.right and len({one_person.head(node) for node in decision.nodes}) == 1
    ]


def parse(values: object, *, where: str = "the identity rules") -> Rules:
    """Rules from plain values.

    Raises:
        SettingsError: a missing or unknown key, an unknown type, a wrong value, lists that contradict each other.
    """
    try:
        return Rules.model_validate(values)
    except ValidationError as error:
        lines = [_explain(fault) for fault in error.errors(include_url=False)]
        raise SettingsError(
            f"{where} are refused:\n  " + "\n  ".join(lines),
            remedy="Mend the named keys; conf/identity.yaml shows every one, docs/identity.md says what each does.",
        ) from error


def _explain(fault: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in fault["loc"]) or "rules"
    told = {"missing": "missing", "extra_forbidden": "unknown key"}
    return f"{key}: {told.get(fault['type'], fault['msg'])}"


def load(path: Path) -> Rules:
    """Rules from a YAML file.

    Raises:
        SettingsError: the file is not there, is not YAML, or its rules are refused.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(
            f"The identity rules {path} cannot be read: {error}", remedy="Name a YAML file that can."
        ) from error
    return parse(values, where=f"The identity rules {path}")
