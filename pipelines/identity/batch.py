"""Whole components of evidence as arrays: Arrow in, numbers in order of arrival out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity.labels import numbered
from pipelines.identity.law import Law, law
from pipelines.identity.rules import Rules

Longs = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Batch:
    """Rows sorted by component and arrival. Identifiers are numbers in the order of (priority of the type, value).

    Args:
        names: The identifiers, as `type:value`.
        kind: The type of each.
        left: By row, the smaller identifier.
        right: The larger one; -1 where the left one was seen alone.
        at: When, in microseconds.
        source: Its place in `sources`.
        far: 1, 2: the left, the right end belongs to another component; 0: neither.
        component: The place of the row's component; they are numbered from 0 as they stand.
        labels: What each component is called.
        starts: The first row of each component, and the number of rows.
        sources: The names of the sources, sorted.
        law: The rules for these sources.
    """

    names: list[str]
    kind: Longs
    left: Longs
    right: Longs
    at: Longs
    source: Longs
    far: Longs
    component: Longs
    labels: list[str]
    starts: Longs
    sources: list[str]
    law: Law

    @cached_property
    def home(self) -> Longs:
        """The component of each identifier; -1 for one that belongs to a component elsewhere."""
        home = np.full(len(self.names), -1, dtype=np.int64)
        here = self.far != 1
        home[self.left[here]] = self.component[here]
        here = (self.far != 2) & (self.right >= 0)
        home[self.right[here]] = self.component[here]
        return home

    @cached_property
    def links(self) -> tuple[Longs, Longs, Longs]:
        """The pairs that were seen together: left, right, and the link of each row, -1 where one was seen alone."""
        pairs = self.right >= 0
        keys, inverse = np.unique(self.left[pairs] * len(self.names) + self.right[pairs], return_inverse=True)
        link = np.full(len(self.left), -1, dtype=np.int64)
        link[pairs] = inverse
        left, right = np.divmod(keys, max(len(self.names), 1))
        return left, right, link


def batch(table: pa.Table, rules: Rules) -> Batch:
    """The rows of whole components, with the columns that `evidence.observations` and a component give."""
    ends = pa.chunked_array([*table["left"].chunks, *table["right"].chunks], pa.string())
    names, codes = numbered(ends)
    left, right = codes[: table.num_rows], codes[table.num_rows :]
    kind = np.zeros(len(names), dtype=np.int64)
    kind[left] = _numbers(table["left_kind"])
    kind[right[right >= 0]] = _numbers(table["right_kind"].drop_null())
    order = np.lexsort((_ranks(names), kind))
    left, right = _recoded(left, order), _recoded(right, order)
    source_names, source = numbered(table["source"])
    by_name = np.argsort(_ranks(source_names))
    source = _recoded(source, by_name)
    labels, component = numbered(table["component"])
    at, far = _numbers(table["at"]), _numbers(table["far"])
    rows = np.lexsort((source, right, left, at, component))
    component = component[rows]
    first = np.flatnonzero(np.diff(component, prepend=-1))
    sources = source_names.take(pa.array(by_name)).to_pylist()
    return Batch(
        names=names.take(pa.array(order)).to_pylist(),
        kind=kind[order],
        left=left[rows],
        right=right[rows],
        at=at[rows],
        source=source[rows],
        far=far[rows],
        component=np.cumsum(np.diff(component, prepend=-1) != 0) - 1,
        labels=labels.take(pa.array(component[first])).to_pylist(),
        starts=np.append(first, len(rows)).astype(np.int64),
        sources=sources,
        law=law(rules, sources),
    )


def _numbers(column: pa.ChunkedArray | pa.Array) -> Longs:
    numbers: Longs = np.asarray(column).astype(np.int64)
    return numbers


def _ranks(values: pa.Array) -> Longs:
    """The place of each value among them, by its UTF-8 bytes, as Spark sorts."""
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[pc.array_sort_indices(values).to_numpy()] = np.arange(len(values))
    return ranks


def _recoded(codes: Longs, order: Longs) -> Longs:
    places = np.empty(len(order) + 1, dtype=np.int64)
    places[order] = np.arange(len(order))
    places[-1] = -1  # where a code of -1 looks
    recoded: Longs = places[codes]
    return recoded
