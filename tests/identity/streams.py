"""Random evidence, small enough that every rule is met, and the same evidence as the replay reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from pipelines.identity.law import INCLUDE
from pipelines.identity.rules import Rules, parse

DAY = 86_400_000_000
RULES = parse(
    {
        "types": [
            {"name": "card", "unique": True, "personal": True},
            {"name": "login", "unique": True, "personal": True},
            {"name": "phone"},
            {"name": "cookie"},
        ],
        "caps": [{"of": "cookie", "to": "login", "most": 2}, {"of": "phone", "to": "card", "most": 2}],
        "sources": {
            "form": {"weight": 3},
            "till": {"weight": 0.5, "weak": True},
            "link": {"weight": 0.5, "ttl_days": 4},
            "reissue": {"weight": 4, "reissue": True},
        },
        "max_identifiers": 7,
        "exclude": [
            {
                "left": {"type": "phone", "value": "0"},
                "right": {"type": "cookie", "value": "1"},
                "since": "1970-01-06T00:00:00Z",
            }
        ],
    }
)

Edge = tuple[str, str, str | None, str | None, int, str]
"""Types and values of both ends, day, source."""

_TYPES = ("card", "login", "phone", "cookie")
_PAIRS = (("card", "phone"), ("login", "cookie"), ("cookie", "phone"), ("card", "cookie"), ("card", "card"))


def edges(values: int = 4, days: int = 12) -> st.SearchStrategy[Edge]:
    value = st.integers(0, values - 1).map(str)
    day = st.integers(0, days)
    source = st.sampled_from(("form", "till", "link", "reissue"))
    tied = st.tuples(st.sampled_from(_PAIRS), value, value, day, source).map(
        lambda drawn: (drawn[0][0], drawn[1], drawn[0][1], drawn[2], drawn[3], drawn[4])
    )
    alone = st.tuples(st.sampled_from(_TYPES), value, st.none(), st.none(), day, source)
    return st.one_of(tied, tied, tied, alone).filter(lambda edge: edge[:2] != edge[2:4])


def streams(**sizes: int) -> st.SearchStrategy[list[Edge]]:
    return st.lists(edges(**sizes), min_size=1, max_size=40)


def of_one_card_and_login() -> st.SearchStrategy[list[Edge]]:
    """Evidence that breaks no rule but that of weak links, which it meets again and again."""
    one = [("card", "0"), ("login", "0"), *((kind, value) for kind in ("phone", "cookie") for value in "345")]
    ends = st.lists(st.sampled_from(one), min_size=2, max_size=2, unique=True)
    source = st.sampled_from(("form", "till", "till"))
    edge = st.tuples(ends, st.integers(0, 12), source).map(
        lambda drawn: (*drawn[0][0], *drawn[0][1], *drawn[1:])
    )
    return st.lists(edge, min_size=1, max_size=14)


def rows(stream: Iterable[Edge], rules: Rules = RULES) -> list[dict[str, Any]]:
    """What `evidence.observations` makes of edges that are in order."""
    return [_row(edge, rules) for edge in stream]


def _row(edge: Edge, rules: Rules) -> dict[str, Any]:
    left_type, left_value, right_type, right_value, day, source = edge
    ends = [(rules.priority[left_type], left_value, f"{left_type}:{left_value}")]
    if right_type is not None and right_value is not None:
        ends = sorted([*ends, (rules.priority[right_type], right_value, f"{right_type}:{right_value}")])
    (left_kind, _, left), (right_kind, _, right) = (*ends, (None, None, None))[:2]
    row = {"left": left, "right": right, "left_kind": left_kind, "right_kind": right_kind}
    return {**row, "at": day * DAY, "source": source, "far": 0, "component": "all"}


def located(rows: Sequence[dict[str, Any]], rules: Rules = RULES) -> list[dict[str, Any]]:
    """The rows by component, as `resolution` has them: cut at links that come after a cap."""
    far = _beyond(rows, rules)
    above: dict[str, str] = {}

    def head(node: str) -> str:
        while node in above:
            node = above[node]
        return node

    for row in rows:
        if row["right"] is not None and (row["left"], row["right"]) not in far:
            ends = sorted({head(row["left"]), head(row["right"])})
            if len(ends) == 2:
                above[ends[1]] = ends[0]
    placed = []
    for row in rows:
        side = far.get((row["left"], row["right"]), 0)
        placed.append({**row, "far": side, "component": head(row["right"] if side == 1 else row["left"])})
    return placed


def _beyond(rows: Sequence[dict[str, Any]], rules: Rules) -> dict[tuple[str, str], int]:
    caps = {(rules.priority[cap.of], rules.priority[cap.to]): cap.most for cap in rules.caps}
    met: dict[tuple[str, int], dict[str, tuple[int, str]]] = {}
    kinds: dict[str, int] = {}
    for row in rows:
        if row["right"] is not None:
            for one, other in (("left", "right"), ("right", "left")):
                kinds[row[one]] = row[f"{one}_kind"]
                firsts = met.setdefault((row[one], row[f"{other}_kind"]), {})
                seen = (row["at"], row[other])
                firsts[row[other]] = min(firsts.get(row[other], seen), seen)
    far: dict[tuple[str, str], int] = {}
    for (node, kind), firsts in met.items():
        most = caps.get((kinds[node], kind))
        for _, other in sorted(firsts.values())[most + 1 :] if most is not None else ():
            left, right = sorted((node, other), key=lambda end: (kinds[end], end))
            far[left, right] = min(far.get((left, right), 2), 1 if left == node else 2)
    return far


def table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    text, number = pa.string(), pa.int64()
    return pa.Table.from_pylist(
        list(rows),
        schema=pa.schema(
            [
                ("left", text),
                ("right", text),
                ("left_kind", pa.int8()),
                ("right_kind", pa.int8()),
                ("at", number),
                ("source", text),
                ("far", pa.int32()),
                ("component", text),
            ]
        ),
    )


def decided(left: str, right: str, day: int, rules: Rules = RULES) -> dict[str, Any]:
    """An include, as a row."""
    return _row((*left.split(":"), *right.split(":"), day, INCLUDE), rules)  # type: ignore[arg-type]
