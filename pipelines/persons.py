"""Questions about persons, asked of the lake without Spark: why are these one, and how sound is the graph?

Identifiers are told as silver carries them, so a contact is its token; nothing here can open the vault.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines.errors import UsageError
from pipelines.identity import Identifier
from pipelines.identity.ids import person_id
from pipelines.query import select
from pipelines.silver.person_identifiers import ADDRESSABLE

_SHOWN = 20  # of what may be long
_PAIR = "least({one}, {other}) AS one, greatest({one}, {other}) AS other".format(
    one="left_type || ':' || left_value", other="right_type || ':' || right_value"
)


@dataclass(frozen=True)
class Known:
    """One identifier of a person, and the evidence that leads to it; `through` is null for the first."""

    identifier: str
    since: datetime
    through: str | None = None
    sources: str = ""
    first: datetime | None = None
    last: datetime | None = None
    observations: int = 0


@dataclass(frozen=True)
class Explained:
    """Why a person is one: each identifier, what came and went, and the evidence that joins nobody."""

    person_id: str
    known: list[Known]
    changes: list[dict[str, Any]]
    rejected: list[dict[str, Any]]


def identifier_of(text: str) -> Identifier:
    """`loyalty_card:4711` as an identifier.

    Raises:
        UsageError: it has no type or no value.
    """
    kind, _, value = text.partition(":")
    if not kind or not value:
        raise UsageError(
            "What was given is not an identifier",
            remedy="Write type:value, such as loyalty_card:4711 or cookie:k1.",
        )
    return Identifier(type=kind, value=value)


def person_of(root: str, who: Identifier) -> str | None:
    """Whose an identifier is now; null: nobody's.

    Raises:
        UsageError: it was never seen.
    """
    rows = select(
        root,
        "SELECT person_id FROM silver.person_identifiers WHERE valid_to IS NULL "
        f"AND identifier_type = {_quoted(who.type)} AND identifier_value = {_quoted(who.value)}",
    ).to_pylist()
    if not rows:
        raise UsageError(
            f"No {who.type} of this value was ever seen",
            remedy="Identifiers are written as silver has them: `select * from silver.person_identifiers`.",
        )
    found: str | None = rows[0]["person_id"]
    return found


def explain(root: str, who: str) -> Explained:
    """Why a person is one person.

    Args:
        root: The lake.
        who: A person's id, or an identifier as `type:value`.

    Raises:
        UsageError: nobody is called so now, or the identifier is nobody's.
    """
    person = person_of(root, identifier_of(who)) if ":" in who else who
    if person is None:
        raise UsageError(
            f"{who} is nobody's: it is shared by too many",
            remedy="`silver.identity_rejected_edges` has what was seen with it.",
        )
    mine = (
        "SELECT identifier_type || ':' || identifier_value AS node, valid_from FROM silver.person_identifiers "
        f"WHERE valid_to IS NULL AND person_id = {_quoted(person)}"
    )
    since = {row["node"]: row["valid_from"] for row in select(root, mine).to_pylist()}
    if not since:
        raise UsageError(
            f"Nobody is called {person} now",
            remedy="`select * from silver.identity_changes` has the persons that were merged into others.",
        )
    changed = f"from_person = {_quoted(person)} OR to_person = {_quoted(person)}"
    return Explained(
        person,
        list(_paths(person, since, _ties(root, mine))),
        select(
            root,
            "SELECT changed_at, identifier_type || ':' || identifier_value AS identifier, from_person, to_person, why, "
            f"rule FROM silver.identity_changes WHERE {changed} ORDER BY changed_at, identifier LIMIT {_SHOWN}",
        ).to_pylist(),
        select(
            root,
            f"WITH mine AS ({mine}), rejected AS (SELECT {_PAIR}, * FROM silver.identity_rejected_edges) "
            "SELECT one, other, source, rejected_at, rule FROM rejected "
            "WHERE one IN (SELECT node FROM mine) OR other IN (SELECT node FROM mine) "
            f"ORDER BY rejected_at, one, other LIMIT {_SHOWN}",
        ).to_pylist(),
    )


def _ties(root: str, mine: str) -> list[dict[str, Any]]:
    """The pairs of a person's identifiers that evidence in force ties, the first known first."""
    found: list[dict[str, Any]] = select(
        root,
        f"WITH mine AS ({mine}), decided AS ("
        f"SELECT {_PAIR}, arrived_at AS observed_at, 'decided: ' || coalesce(why, '') AS source, 1 AS observations "
        "FROM silver.identity_decisions WHERE decision = 'include'), "
        f"seen AS (SELECT {_PAIR}, observed_at, source, observations FROM silver.identifier_edges "
        "WHERE right_type IS NOT NULL UNION ALL SELECT * FROM decided), "
        f"rejected AS (SELECT {_PAIR} FROM silver.identity_rejected_edges WHERE right_type IS NOT NULL) "
        "SELECT one, other, min(observed_at) AS first, max(observed_at) AS last, "
        "sum(observations)::BIGINT AS observations, "
        "string_agg(DISTINCT source, ', ' ORDER BY source) AS sources "
        "FROM seen ANTI JOIN rejected USING (one, other) "
        "WHERE one IN (SELECT node FROM mine) AND other IN (SELECT node FROM mine) "
        "GROUP BY one, other ORDER BY first, one, other",
    ).to_pylist()
    return found


def _paths(person: str, since: dict[str, datetime], ties: Sequence[dict[str, Any]]) -> Iterator[Known]:
    """Every identifier once, each after the one that it is known through, in the fewest steps from the first."""
    near: defaultdict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for tie in ties:
        near[tie["one"]].append((tie["other"], tie))
        near[tie["other"]].append((tie["one"], tie))
    founder = [node for node in since if person_id(node) == person]
    first = (founder or sorted(since, key=lambda node: (since[node], node)))[0]
    told, queue = {first}, [first]
    yield Known(first, since[first])
    for node in queue:
        for other, tie in near[node]:
            if other not in told:
                told.add(other)
                queue.append(other)
                said = (tie["sources"], tie["first"], tie["last"], tie["observations"])
                yield Known(other, since[other], node, *said)


_CUSTOMERS = (
    "SELECT DISTINCT person_id FROM silver.person_identifiers WHERE valid_to IS NULL AND person_id IS NOT NULL "
    f"AND identifier_type IN ({', '.join(map(repr, ADDRESSABLE))})"
)
AUDIT = {
    "Identifiers by type": (
        "SELECT identifier_type AS type, count(*) AS identifiers, count(DISTINCT person_id) AS persons, "
        "count(*) - count(person_id) AS nobodys FROM silver.person_identifiers WHERE valid_to IS NULL "
        "GROUP BY 1 ORDER BY identifiers DESC, type"
    ),
    "Persons and components by number of identifiers": (
        "WITH counted AS ("
        "SELECT 'persons' AS what, count(*) AS size FROM silver.person_identifiers "
        "WHERE valid_to IS NULL AND person_id IS NOT NULL GROUP BY person_id UNION ALL "
        "SELECT 'components', count(*) FROM silver.person_identifiers WHERE valid_to IS NULL GROUP BY component) "
        "SELECT pow(2, floor(log2(size)))::BIGINT AS at_least, count(*) FILTER (what = 'persons') AS persons, "
        "count(*) FILTER (what = 'components') AS components, max(size) AS largest FROM counted GROUP BY 1 ORDER BY 1"
    ),
    "Identifiers by how many others they were seen with": (
        f"WITH pairs AS (SELECT DISTINCT {_PAIR} FROM silver.identifier_edges WHERE right_type IS NOT NULL), "
        "degrees AS (SELECT node, count(*) AS degree FROM (SELECT one AS node FROM pairs UNION ALL "
        "SELECT other FROM pairs) GROUP BY node) "
        "SELECT pow(2, floor(log2(degree)))::BIGINT AS at_least, count(*) AS identifiers, max(degree) AS most, "
        "arg_max(split_part(node, ':', 1), degree) AS type_of_most FROM degrees GROUP BY 1 ORDER BY 1"
    ),
    "Evidence that joins nobody, by rule": (
        "SELECT reason, count(*) AS edges, sum(observations)::BIGINT AS observations, any_value(rule) AS rule "
        "FROM silver.identity_rejected_edges GROUP BY reason ORDER BY edges DESC, reason"
    ),
    "What is a customer's": (
        f"WITH customers AS ({_CUSTOMERS}), whose AS (SELECT identifier_type, identifier_value "
        "FROM silver.person_identifiers SEMI JOIN customers USING (person_id) WHERE valid_to IS NULL), "
        "met AS (SELECT 'receipts' AS facts, anchor_type AS identifier_type, anchor_value AS identifier_value "
        "FROM silver.receipts UNION ALL SELECT 'sessions', visitor_type, visitor_value FROM silver.sessions "
        "WHERE NOT is_crawler) "
        "SELECT facts, count(*) AS total, count(w.identifier_type) AS identified, "
        "round(100.0 * count(w.identifier_type) / count(*), 1) AS percent FROM met "
        "LEFT JOIN whose AS w USING (identifier_type, identifier_value) GROUP BY facts ORDER BY facts"
    ),
}
"""What `tillpost identity audit` shows: a question for each table, by its title."""


def audit(root: str) -> dict[str, list[dict[str, Any]]]:
    """How sound the graph is: sizes, degrees, what was rejected by which rule, and how much of what happened is known.

    Raises:
        SystemFault: there is no lake.
    """
    return {title: select(root, question).to_pylist() for title, question in AUDIT.items()}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
