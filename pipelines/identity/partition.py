"""Whole components, resolved: the quiet ones in one pass, the others replayed one by one. No JVM, no state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity.batch import Batch, Flags, Longs, batch
from pipelines.identity.ids import person_id
from pipelines.identity.law import NEVER
from pipelines.identity.moments import Exclusion, Link, Observation, Span
from pipelines.identity.quiet import quiet
from pipelines.identity.reasons import Reason
from pipelines.identity.replay import Replay
from pipelines.identity.rules import Rules
from pipelines.identity.union import Union, union

SPANS = pa.schema(
    [
        ("component", pa.string()),
        ("node", pa.string()),
        ("person_id", pa.string()),
        ("since", pa.int64()),
        ("until", pa.int64()),
    ]
)
LINKS = pa.schema(
    [
        ("component", pa.string()),
        ("left", pa.string()),
        ("right", pa.string()),
        ("first", pa.int64()),
        ("last", pa.int64()),
        ("source", pa.string()),
        ("observations", pa.int64()),
        ("reason", pa.string()),
        ("out", pa.int64()),
    ]
)


def spans(table: pa.Table, rules: Rules) -> pa.Table:
    """Of each identifier, whose it was from when to when; `until` is null for what holds, the person for nobody's."""
    of = batch(table, rules)
    decided = _exclusions(of, rules)
    united = union(of, quiet(of, _named(decided)))
    replayed = [
        (of.labels[component], of.names[node], *whose)
        for component, state, found in _replayed(of, decided, ~united.calm)
        for node, *whose in (*found, *((node, None, at, None) for node, at in state.shared.items()))
    ]
    return pa.concat_tables([_calm_spans(of, united), _table(replayed, SPANS)])


def links(table: pa.Table, rules: Rules) -> pa.Table:
    """Of each two that were seen together, what they come to; `reason` is null for what is in force."""
    of = batch(table, rules)
    decided = _exclusions(of, rules)
    united = union(of, quiet(of, _named(decided)))
    replayed = [
        (component, link)
        for component, state, _ in _replayed(of, decided, ~united.calm)
        for link in state.links.values()
    ]
    return pa.concat_tables([_calm_links(of, united), _link_rows(of, replayed)])


def mapper(
    resolved: Callable[[pa.Table, Rules], pa.Table], rules: Rules
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What Spark runs on a partition, which holds whole components."""
    return partial(_mapped, resolved, rules)


def _mapped(
    resolved: Callable[[pa.Table, Rules], pa.Table], rules: Rules, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    if rows := list(batches):
        yield from resolved(pa.Table.from_batches(rows), rules).to_batches(max_chunksize=50_000)


def _replayed(of: Batch, decided: list[Exclusion], which: Flags) -> Iterator[tuple[int, Replay, list[Span]]]:
    kind, home = of.kind.tolist(), of.home

    def found(node: int, turn: int) -> str:
        return person_id(of.names[node], turn)

    in_component: dict[int, list[Exclusion]] = {}
    for pair in decided:
        if home[pair.left] == home[pair.right]:
            in_component.setdefault(int(home[pair.left]), []).append(pair)
    for component in np.flatnonzero(which).tolist():
        state = Replay(of.law, kind, found)
        rows = slice(of.starts[component], of.starts[component + 1])
        yield component, state, state.run(_observations(of, rows), in_component.get(component, ()))


def _observations(of: Batch, rows: slice) -> Iterator[Observation]:
    columns = (of.at, of.left, of.right, of.source, of.far)
    for at, left, right, source, far in zip(*(column[rows].tolist() for column in columns), strict=True):
        if far == 0:
            yield Observation(at, left, right, source)
        else:
            here, there = (right, left) if far == 1 else (left, right)
            yield Observation(at, here, -1, source, there)


def _exclusions(of: Batch, rules: Rules) -> list[Exclusion]:
    """The decisions about pairs of which both are here."""
    named = sorted({node for decision in rules.exclude for node in decision.nodes})
    if not named:
        return []
    places = pc.index_in(pa.array(named), value_set=pa.array(of.names, pa.string())).to_pylist()
    place = {name: code for name, code in zip(named, places, strict=True) if code is not None}
    return sorted(
        Exclusion(round(one.since.timestamp() * 1_000_000), *sorted(place[node] for node in one.nodes))
        for one in rules.exclude
        if all(node in place and of.home[place[node]] >= 0 for node in one.nodes)
    )


def _named(decided: list[Exclusion]) -> Longs:
    return np.array(sorted({node for pair in decided for node in pair[1:]}), dtype=np.int64)


def _calm_spans(of: Batch, united: Union) -> pa.Table:
    labels, names = pa.array(of.labels, pa.string()), pa.array(of.names, pa.string())
    founders, which = np.unique(united.founder, return_inverse=True)
    ids = pa.array([person_id(of.names[founder]) for founder in founders.tolist()], pa.string())
    return pa.table(
        [
            labels.take(pa.array(of.home[united.node])),
            names.take(pa.array(united.node)),
            ids.take(pa.array(which)),
            pa.array(united.since),
            pa.array(united.until, mask=united.until == NEVER),
        ],
        schema=SPANS,
    )


def _calm_links(of: Batch, united: Union) -> pa.Table:
    left, right, link = of.links
    rows = np.flatnonzero((link >= 0) & united.calm[of.component])
    if not len(rows):
        return LINKS.empty_table()
    rows = rows[np.argsort(link[rows], kind="stable")]
    starts = np.flatnonzero(np.diff(link[rows], prepend=-1))
    which = link[rows[starts]]
    best = rows[np.lexsort((rows, *_strength(of, of.source[rows]), link[rows]))][starts]
    out = [united.refused.get(ends) for ends in zip(left[which].tolist(), right[which].tolist(), strict=True)]
    names, sources = pa.array(of.names, pa.string()), pa.array(of.sources, pa.string())
    return pa.table(
        [
            pa.array(of.labels, pa.string()).take(pa.array(of.component[rows[starts]])),
            names.take(pa.array(left[which])),
            names.take(pa.array(right[which])),
            pa.array(of.at[rows[starts]]),
            pa.array(of.at[rows[np.append(starts[1:], len(rows)) - 1]]),
            sources.take(pa.array(of.source[best])),
            pa.array(np.diff(np.append(starts, len(rows)))),
            pa.array([None if at is None else Reason.WEAK.name for at in out], pa.string()),
            pa.array(out, pa.int64()),
        ],
        schema=LINKS,
    )


def _strength(of: Batch, source: Longs) -> tuple[np.ndarray[Any, Any], ...]:
    """As keys of a sort, the last first: as in `Replay`, decided, then not weak, then heavier."""
    law = of.law
    return -np.array(law.weight)[source], np.array(law.weak)[source], ~np.array(law.include)[source]


def _link_rows(of: Batch, found: list[tuple[int, Link]]) -> pa.Table:
    rows = [
        (
            of.labels[component],
            of.names[link.left],
            of.names[link.right],
            link.first,
            link.last,
            of.sources[link.source],
            link.count,
            link.reason.name if link.reason else None,
            link.out,
        )
        for component, link in found
    ]
    return _table(rows, LINKS)


def _table(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    return pa.table(
        [pa.array(list(column), field.type) for column, field in zip(columns, schema, strict=True)],
        schema=schema,
    )
