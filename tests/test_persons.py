"""Why persons are one, and how sound the graph is, told from tables written by hand: no JVM."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyspark.sql.pandas.types import to_arrow_schema

from pipelines.errors import UsageError
from pipelines.identity.ids import person_id
from pipelines.lakehouse.lake import path_of
from pipelines.persons import audit, explain
from pipelines.silver import (
    identifier_edges,
    identity_changes,
    identity_rejected_edges,
    person_identifiers,
    receipts,
    sessions,
)
from tests.test_cli import tillpost

ANN = person_id("loyalty_card:A")


def at(day: int) -> datetime:
    return datetime(2024, 3, day, tzinfo=UTC)


def ends(left: str, right: str | None) -> dict[str, Any]:
    named = {}
    for side, end in (("left", left), ("right", right)):
        kind, value = end.split(":") if end else (None, None)
        named |= {f"{side}_type": kind, f"{side}_value": value}
    return named


def owned(node: str, person: str | None, since: int, until: int | None = None) -> dict[str, Any]:
    kind, value = node.split(":")
    told = {"identifier_type": kind, "identifier_value": value, "person_id": person, "component": "c"}
    return {**told, "valid_from": at(since), "valid_to": until and at(until)}


def seen(left: str, right: str | None, day: int, source: str, facts: int = 1) -> dict[str, Any]:
    row = {
        "file": "f",
        "edge_id": 0,
        "source": source,
        "weight": 1.0,
        "observed_at": at(day),
        "observations": facts,
    }
    return {**row, **ends(left, right)}


ROWS: dict[ModuleType, list[dict[str, Any]]] = {
    person_identifiers: [
        owned("loyalty_card:A", ANN, 1),
        owned("phone:1", ANN, 1),
        owned("login:ann", "p2", 2, 3),
        owned("login:ann", ANN, 3),
        owned("cookie:it's", ANN, 3),
        owned("cookie:kiosk", None, 3),
        owned("loyalty_card:B", "p3", 1),
    ],
    identifier_edges: [
        seen("loyalty_card:A", "phone:1", 1, "loyalty_form"),
        seen("phone:1", "loyalty_card:A", 4, "till_dictated", 2),
        seen("login:ann", "loyalty_card:A", 3, "web_order"),
        seen("login:ann", "cookie:it's", 3, "login", 5),
        seen("loyalty_card:B", "phone:1", 2, "till_dictated"),
        seen("cookie:lone", None, 2, "seen"),
    ],
    identity_rejected_edges: [
        {
            **ends("loyalty_card:B", "phone:1"),
            **{
                "rejection_id": 1,
                "source": "till_dictated",
                "reason": "UNIQUE",
                "rule": "One card",
                "component": "c",
            },
            **{"observed_at": at(2), "last_observed_at": at(2), "rejected_at": at(2), "observations": 1},
        }
    ],
    identity_changes: [
        {
            **{"identifier_type": "login", "identifier_value": "ann", "changed_at": at(3), "component": "c"},
            **{"from_person": "p2", "to_person": ANN, "why": "MERGED"},
        }
    ],
}


@pytest.fixture
def root(tmp_path: Path) -> str:
    for module, rows in ROWS.items():
        schema = to_arrow_schema(module.TABLE.schema, timezone="UTC")
        write_deltalake(path_of(str(tmp_path), module.TABLE), pa.Table.from_pylist(rows, schema=schema))
    for module, columns in (
        (
            receipts,
            {"anchor_type": ["loyalty_card", "phone", None, "cookie"], "anchor_value": ["A", "1", None, "x"]},
        ),
        (
            sessions,
            {"visitor_type": ["cookie"] * 2, "visitor_value": ["it's", "k"], "is_crawler": [False, True]},
        ),
    ):
        write_deltalake(path_of(str(tmp_path), module.TABLE), pa.table(columns))
    return str(tmp_path)


def test_a_person_is_told_from_the_identifier_that_founded_it(root: str) -> None:
    found = explain(root, "cookie:it's")
    assert found == explain(root, ANN)
    assert found.person_id == ANN
    assert [(one.identifier, one.through, one.sources, one.observations) for one in found.known] == [
        ("loyalty_card:A", None, "", 0),
        ("phone:1", "loyalty_card:A", "loyalty_form, till_dictated", 3),
        ("login:ann", "loyalty_card:A", "web_order", 1),
        ("cookie:it's", "login:ann", "login", 5),
    ]
    assert [(one.first, one.last) for one in found.known][1] == (at(1), at(4))
    assert [(row["identifier"], row["from_person"]) for row in found.changes] == [("login:ann", "p2")]
    assert [(row["one"], row["other"], row["rule"]) for row in found.rejected] == [
        ("loyalty_card:B", "phone:1", "One card")
    ]


@pytest.mark.parametrize(
    ("who", "says"),
    [
        ("p2", "Nobody is called p2 now"),
        ("cookie:kiosk", "is nobody's"),
        ("cookie:never", "No cookie of this value was ever seen"),
        (":x", "is not an identifier"),
    ],
)
def test_who_is_nobody_is_said(root: str, who: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        explain(root, who)


def test_the_audit_counts_what_a_person_would(root: str) -> None:
    types, sizes, degrees, rejected, identified = audit(root).values()
    assert [tuple(row.values()) for row in types] == [
        ("cookie", 2, 1, 1),
        ("loyalty_card", 2, 2, 0),
        ("login", 1, 1, 0),
        ("phone", 1, 1, 0),
    ]
    assert [tuple(row.values()) for row in sizes] == [(1, 1, 0, 1), (4, 1, 1, 6)]
    assert [(row["at_least"], row["identifiers"], row["most"]) for row in degrees] == [(1, 2, 1), (2, 3, 2)]
    assert [(row["reason"], row["edges"]) for row in rejected] == [("UNIQUE", 1)]
    assert [tuple(row.values()) for row in identified] == [
        ("receipts", 4, 2, 50.0),
        ("sessions", 1, 1, 100.0),
    ]


def test_the_commands_print_them(root: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("explain", ANN), ("audit",)):
        assert tillpost("identity", *words, "--set", f"lake.root={root}") == 0
    said = capsys.readouterr().out
    assert "loyalty_form, till_dictated" in said
    assert "Evidence that joins nobody, by rule" in said
    assert tillpost("identity", "unmerge", "A", "loyalty_card:B", "--set", f"lake.root={root}") == 2


PAIR = "{left: {type: login, value: a}, right: {type: cookie, value: b}, since: 2024-03-01}"


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ("identity.rules.caps=[{of: cookie, to: passport, most: 1}]", "passport is not one of the types"),
        ("identity.rules.caps=[{of: cookie, to: login}]", "most: missing"),
        (f"identity.rules={{include: [{PAIR}], exclude: [{PAIR}]}}", "include makes the two one"),
    ],
    ids=["an unknown type", "a missing key", "what contradicts itself"],
)
def test_rules_that_cannot_be_are_refused_before_anything_is_written(
    root: str, rules: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(Path(root).rglob("*"))
    for words in (("refine", "--as-of", "2024-03-03"), ("identity", "unmerge", "login:ann", "cookie:it's")):
        assert tillpost(*words, "--set", f"lake.root={root}", "--set", rules) == 3
        assert says in " ".join(capsys.readouterr().err.split())
    assert sorted(Path(root).rglob("*")) == before
