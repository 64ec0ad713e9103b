"""Who a request is about: the person, every id that was ever theirs, and every identifier that leads to them now."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.errors import UsageError
from pipelines.identity.ids import person_id
from pipelines.query import select


@dataclass(frozen=True)
class Subject:
    """One person.

    Args:
        persons: The person's id, and each that one of the identifiers would have founded: what older rows, of before a
            merge, call them.
        identifiers: As `type:value`, contacts by their tokens.
    """

    persons: tuple[str, ...]
    identifiers: frozenset[str]

    @property
    def by_type(self) -> dict[str, list[str]]:
        """The values of the identifiers, by their type."""
        found: dict[str, list[str]] = {}
        for node in sorted(self.identifiers):
            kind, _, value = node.partition(":")
            found.setdefault(kind, []).append(value)
        return found

    @property
    def tokens(self) -> frozenset[str]:
        """The tokens of the contacts."""
        return frozenset(self.by_type.get("email", []) + self.by_type.get("phone", []))


def subject(root: str, person: str) -> Subject:
    """What leads to a person now.

    Args:
        root: The lake.
        person: The person's id.

    Raises:
        UsageError: nobody is called so.
        SystemFault: there is no lake.
    """
    quoted = person.replace("'", "''")
    rows = select(
        root,
        "SELECT identifier_type || ':' || identifier_value AS node FROM silver.person_identifiers "
        f"WHERE valid_to IS NULL AND person_id = '{quoted}' ORDER BY node",
    ).to_pylist()
    nodes = [row["node"] for row in rows]
    if not nodes:
        raise UsageError(
            f"Nobody is called {person} now", remedy="Look the person up by phone, e-mail or card."
        )
    founded = (person_id(node) for node in nodes)
    return Subject(tuple(dict.fromkeys((person, *founded))), frozenset(nodes))
