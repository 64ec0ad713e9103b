"""The laws of the replay, on random evidence: no JVM."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.identity import partition
from pipelines.identity.ids import person_id
from pipelines.identity.rules import Identifier, Rules, load, parse
from tests.identity.streams import (
    DAY,
    RULES,
    Edge,
    decided,
    edges,
    located,
    of_one_card_and_login,
    rows,
    streams,
    table,
)

Rows = Sequence[dict[str, Any]]
LAWS = settings(max_examples=60, deadline=None)


def spans(of: Rows, rules: Rules = RULES) -> set[tuple[Any, ...]]:
    """Whose each identifier was; the times in which it was nobody's are left out."""
    return {span for span in history(of, rules) if span[1] is not None}


def history(of: Rows, rules: Rules = RULES) -> set[tuple[Any, ...]]:
    return _set(partition.spans(table(of), rules).drop_columns(["component"]))


def links(of: Rows, rules: Rules = RULES) -> set[tuple[Any, ...]]:
    return _set(partition.links(table(of), rules).drop_columns(["component"]))


def _set(found: pa.Table) -> set[tuple[Any, ...]]:
    listed = [tuple(row.values()) for row in found.to_pylist()]
    assert len(listed) == len(set(listed))
    return set(listed)


@LAWS
@given(streams(), st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(stream: list[Edge], random: Any) -> None:
    mixed = list(stream)
    random.shuffle(mixed)
    assert spans(rows(mixed)) == spans(rows(stream))
    assert links(rows(mixed)) == links(rows(stream))


@LAWS
@example(  # Two sources of one weight, one of them weak: the link is named after the other, though it came later.
    [
        ("card", "0", "phone", "0", 0, "form"),
        *(("login", "1", "cookie", "0", at, of) for at, of in enumerate(("till", "link"))),
    ]
)
@given(streams())
def test_components_come_out_alone_as_they_do_together(stream: list[Edge]) -> None:
    together, apart = rows(stream), located(rows(stream))
    assert spans(apart) == spans(together)
    assert links(apart) == links(together)


@settings(max_examples=400, deadline=None)
@example(  # A phone leaves the card for the login, and in the same moment all are one.
    [
        ("login", "0", "phone", "3", 1, "form"),
        ("login", "0", "cookie", "5", 1, "form"),
        ("phone", "3", "card", "0", 0, "till"),
        ("cookie", "5", "card", "0", 0, "form"),
    ]
)
@given(st.one_of(of_one_card_and_login(), streams(values=12)))
def test_quiet_components_are_what_the_replay_makes_of_them(stream: list[Edge]) -> None:
    apart = located(rows(stream))
    settled = spans(apart), links(apart)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partition, "quiet", lambda of, decided: np.zeros(len(of.starts) - 1, dtype=np.bool_))
        assert (spans(apart), links(apart)) == settled


@LAWS
@given(streams(values=6), st.lists(edges(values=6), max_size=6))
def test_a_day_on_top_is_a_rebuild(history: list[Edge], day: list[Edge]) -> None:
    """Only components that a new edge touches are replayed; old rows of the others stand. New edges may be older."""
    before, after = located(rows(history)), located(rows([*history, *day]))
    new = {end for row in rows(day) for end in (row["left"], row["right"])}
    part = {row["component"] for row in before if {row["left"], row["right"]} & new}
    known = {node: row["component"] for row in before for node in _homes(row)}
    touched = {node for node, component in known.items() if component in part} | (new - {None})
    replayed = [row for row in after if set(_homes(row)) & touched]
    standing = {span for span in spans(before) if span[0] not in touched}
    assert all(set(_homes(row)) <= touched for row in replayed), "a component is touched whole or not at all"
    assert standing | spans(replayed) == spans(after)


@LAWS
@given(streams(values=4), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), min_size=1, max_size=8))
def test_a_sighting_alone_of_who_is_known_changes_nothing(
    stream: list[Edge], again: list[tuple[int, int]]
) -> None:
    """Its component may be loud, and its links overdue: only what it is seen with could end them."""
    seen = rows(stream)
    known = sorted({end for row in seen for end in (row["left"], row["right"]) if end is not None})
    alone = []
    for place, later in again:
        node = known[place % len(known)]
        first = min(row["at"] for row in seen if node in (row["left"], row["right"]))
        kind, value = node.split(":")
        alone.append((kind, value, None, None, first // DAY + later, "form"))
    assert history(located([*seen, *rows(alone)])) == history(located(seen))
    assert links(located([*seen, *rows(alone)])) == links(located(seen))


def _homes(row: dict[str, Any]) -> list[str]:
    ends = {0: (row["left"], row["right"]), 1: (row["right"],), 2: (row["left"],)}[row["far"]]
    return [end for end in ends if end is not None]


@LAWS
@given(streams())
def test_at_no_time_does_a_person_break_a_rule(stream: list[Edge]) -> None:
    found = spans(rows(stream))
    by_node = defaultdict(list)
    for node, person, since, until in found:
        by_node[node].append((since, until if until is not None else np.inf, person))
        assert until is None or since < until
    for times in by_node.values():
        times.sort()
        assert all(one[1] <= other[0] for one, other in pairwise(times))
    replaced = any(source == "reissue" for *_, source in stream)
    for at in sorted({span[2] for span in found}):
        persons = defaultdict(set)
        for node, person, since, until in found:
            if since <= at and (until is None or at < until):
                persons[person].add(node)
        for nodes in persons.values():
            kinds = [node.split(":")[0] for node in nodes]
            assert replaced or kinds.count("card") <= 1
            assert kinds.count("login") <= 1
            assert len(nodes) <= 7
            assert at < 5 * DAY or not {"phone:0", "cookie:1"} <= nodes


@LAWS
@given(streams())
def test_an_identifier_is_somebodys_or_nobodys_from_its_first_day_on(stream: list[Edge]) -> None:
    """And its rows, as those of its links, name its component."""
    apart = located(rows(stream))
    home = {node: row["component"] for row in apart for node in _homes(row)}
    times = defaultdict(list)
    for row in partition.spans(table(apart), RULES).to_pylist():
        assert row["component"] == home[row["node"]]
        times[row["node"]].append((row["since"], row["until"]))
    first = {node: min(row["at"] for row in apart if node in _homes(row)) for node in home}
    for node, found in times.items():
        found.sort()
        assert found[0][0] == first[node]
        assert [until for _, until in found] == [*(since for since, _ in found[1:]), None]
    assert times.keys() == home.keys()
    for row in partition.links(table(apart), RULES).to_pylist():
        assert row["component"] in (home[row["left"]], home[row["right"]])


@LAWS
@given(streams())
def test_persons_are_what_the_edges_in_force_tie(stream: list[Edge]) -> None:
    """And every observation of two is counted in one link."""
    found, now = links(rows(stream)), {}
    for node, person, _, until in spans(rows(stream)):
        if until is None:
            now[node] = person
    assert sum(link[5] for link in found) == sum(edge[2] is not None for edge in stream)
    tied = [link for link in found if link[6] is None]
    assert all(now[left] == now[right] for left, right, *_ in tied)
    heads = {node: node for node in now}
    for _ in heads:
        for left, right, *_ in tied:
            heads[left] = heads[right] = min(heads[left], heads[right])
    assert len(set(heads.values())) == len(set(now.values()))


@LAWS
@given(streams())
def test_nobody_is_held_together_by_weak_evidence(stream: list[Edge]) -> None:
    """Of a person's strong parts one has all that is personal."""
    found = links(rows(stream))
    heads = {node: node for link in found for node in link[:2]}
    strong = [link[:2] for link in found if link[6] is None and link[4] != "till"]
    for _ in heads:
        for left, right in strong:
            heads[left] = heads[right] = min(heads[left], heads[right])
    parts = defaultdict(set)
    for node, person, _, until in spans(rows(stream)):
        if until is None and node.split(":")[0] in ("card", "login"):
            parts[person].add(heads.get(node, node))
    assert all(len(of_person) == 1 for of_person in parts.values())


@LAWS
@given(streams(), st.integers(0, 12))
def test_what_was_known_stays_known(stream: list[Edge], day: int) -> None:
    """The rows of a time are the same, whatever is observed later."""
    early = (
        spans(rows(edge for edge in stream if edge[4] <= day)) if any(e[4] <= day for e in stream) else set()
    )
    late = {
        (node, person, since, until if until is not None and until <= day * DAY else None)
        for node, person, since, until in spans(rows(stream))
        if since <= day * DAY
    }
    assert late == {
        (node, person, since, until if until is not None and until <= day * DAY else None)
        for node, person, since, until in early
        if since <= day * DAY
    }


OURS = load(Path("conf/identity.yaml"))
TIED: list[Edge] = [
    ("loyalty_card", "A", "phone", "1", 0, "loyalty_form"),
    ("email", "1", "cookie", "1", 1, "loyalty_form"),
    ("phone", "1", "cookie", "1", 2, "loyalty_form"),
    ("loyalty_card", "Z", "phone", "9", 2, "loyalty_form"),
]
CARD, EMAIL = person_id("loyalty_card:A"), person_id("email:1")


def ours(stream: list[Edge], rules: Rules = OURS) -> set[tuple[Any, ...]]:
    return spans(located(rows(stream, rules), rules), rules)


def test_without_a_linking_edge_they_are_two_again() -> None:
    one, removed = ours(TIED), ours([*TIED[:2], TIED[3]])
    assert {span[0] for span in one if span[1] == CARD and span[3] is None} == {
        *("loyalty_card:A", "phone:1", "email:1", "cookie:1")
    }
    assert {span for span in removed if span[0] in ("email:1", "cookie:1")} == {
        ("email:1", EMAIL, DAY, None),
        ("cookie:1", EMAIL, DAY, None),
    }
    assert {span for span in one if span[0] in ("loyalty_card:A", "loyalty_card:Z", "phone:9")} <= removed


def test_an_unmerge_restores_who_they_were_and_keeps_what_was_known() -> None:
    phone, cookie = Identifier(type="phone", value="1"), Identifier(type="cookie", value="1")
    since = datetime(1970, 1, 6, tzinfo=UTC)
    unmerged = ours(TIED, OURS.excluding(phone, cookie, since=since, why="a forwarded mail"))
    assert {span[1:] for span in unmerged if span[0] == "cookie:1"} == {
        (EMAIL, DAY, 2 * DAY),
        (CARD, 2 * DAY, 5 * DAY),
        (EMAIL, 5 * DAY, None),
    }
    assert {
        span for span in ours(TIED) if span[0] in ("loyalty_card:A", "phone:1", "loyalty_card:Z")
    } <= unmerged


PASSED_ON: list[Edge] = [
    ("loyalty_card", "ANN", "mail_link_id", "l", 0, "addressed"),
    ("login", "ann", "loyalty_card", "ANN", 0, "web_order"),
    ("mail_link_id", "l", "cookie", "bobs", 1, "mail_link"),
    ("login", "ann", "cookie", "bobs", 1, "auto_login"),
]
BOB: dict[str, Edge] = {
    "a login": ("login", "bob", "cookie", "bobs", 2, "login"),
    "an address": ("email", "bob", "cookie", "bobs", 2, "login"),
    "a bank card": ("payment_token", "bob", "cookie", "bobs", 2, "web_order"),
}


@pytest.mark.parametrize("bob", BOB.values(), ids=BOB)
@pytest.mark.parametrize("before", [False, True], ids=["link first", "Bob first"])
def test_a_passed_on_link_that_signs_in_merges_nobody(bob: Edge, before: bool) -> None:
    """Bob opens Ann's link on his browser, before or after it becomes known as his."""
    stream = [*PASSED_ON, (*bob[:4], -1 if before else 2, bob[5])]
    now = {span[0]: span[1] for span in ours(stream) if span[3] is None}
    assert now["cookie:bobs"] == now[f"{bob[0]}:{bob[1]}"]
    assert now["login:ann"] == now["loyalty_card:ANN"] == now["mail_link_id:l"] != now["cookie:bobs"]
    refused = {link[:2]: link[6] for link in links(located(rows(stream, OURS), OURS), OURS) if link[6]}
    assert refused[("mail_link_id:l", "cookie:bobs")] == ("UNIQUE" if bob[0] == "login" else "WEAK")


def test_a_phone_ties_two_once_both_have_confirmed_it() -> None:
    """A number on a form and one for the courier: it may be a relative's, until codes sent to it were typed in."""
    card = ("loyalty_card", "A", "phone", "1")
    stream: list[Edge] = [(*card, 0, "form_phone"), ("login", "b", "phone", "1", 1, "phone_given")]
    codes: list[Edge] = [(*card, 2, "phone_confirmed"), ("login", "b", "phone", "1", 3, "phone_confirmed")]
    counts = [len({span[1] for span in ours([*stream, *codes[:n]]) if span[3] is None}) for n in range(3)]
    assert counts == [2, 2, 1]


def test_a_decision_outweighs_evidence() -> None:
    """The phone went to the later card; somebody knows better, from day 4 on."""
    stream = [TIED[0], ("loyalty_card", "B", "phone", "1", 3, "loyalty_form")]
    known = [*rows(stream, OURS), decided("loyalty_card:A", "phone:1", 4, OURS)]
    phone = {span[1:] for span in spans(known, OURS) if span[0] == "phone:1"}
    assert phone == {
        (CARD, 0, 3 * DAY),
        (person_id("loyalty_card:B"), 3 * DAY, 4 * DAY),
        (CARD, 4 * DAY, None),
    }


def test_without_a_limit_a_chain_of_100000_is_one_person() -> None:
    endless = parse({**OURS.model_dump(), "max_identifiers": None})
    kinds = ("email", "phone")
    chain: list[Edge] = [
        (kinds[place % 2], str(place), kinds[1 - place % 2], str(place + 1), place, "loyalty_form")
        for place in range(99_999)
    ]
    found = spans(rows(chain, endless), endless)
    assert {(span[1], span[3]) for span in found} == {(person_id("email:0"), None)}
    assert len(found) == 100_000
