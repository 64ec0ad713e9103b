"""Customers' paths as flat arrays: what every model computes on, with or without Spark.

A path is the channels that one customer touched, in the order of time, up to a purchase or to the end of what
was watched. Touches of all paths lie behind one another in one array, so that a rule is a few operations of
numpy however many paths there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

AMOUNT = pa.decimal128(38, 15)
"""Of every count and amount on the way: sums of it are the same in any order."""

BETWEEN = "\x1f"
"""Separates channels in a key; in a name it becomes a blank."""
LIMIT = 1e20
"""What no count and no revenue reaches."""

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Fault(Enum):
    """Why no model is computed: a sentence about one path."""

    NEGATIVE = "conversions or nulls are negative"
    NOT_A_NUMBER = "conversions, nulls or value are not numbers, or beyond 1e20"
    NO_CHANNEL = "a touch has no channel"
    UNEVEN = "seconds_before or clicked does not have one entry for each touch"


class BadPaths(Exception):
    """Paths on which nothing can be computed; carries the fault and how many paths have it."""

    def __init__(self, fault: Fault, count: int) -> None:
        super().__init__(fault, count)
        self.fault = fault
        self.count = count


@dataclass(frozen=True, eq=False)
class Paths:
    """Paths and what became of them; all arrays of touches have one length, all others one entry a path.

    Attributes:
        names: Channels by their code.
        channels: Code of each touch's channel, path behind path.
        offsets: Where each path begins, and where the last one ends.
        conversions: Purchases at the end of such paths. DECIMAL, as the next two.
        nulls: How often such a path ended without a purchase.
        value: Revenue of the purchases, less returns.
        given: Of each touch, its place on its path as the path was given, from 0.
        seconds: Of each touch, how long before the end of the path it was; null when times are not known.
        clicked: Of each touch, whether it was a click; null when all are.
    """

    names: pa.Array
    channels: Longs
    offsets: Longs
    conversions: pa.Array
    nulls: pa.Array
    value: pa.Array
    given: Longs
    seconds: Longs | None = None
    clicked: Flags | None = None

    @cached_property
    def lengths(self) -> Longs:
        """Touches of each path."""
        return np.diff(self.offsets)

    @cached_property
    def rows(self) -> Longs:
        """Of each touch, the path that it is on."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @cached_property
    def places(self) -> Longs:
        """Of each touch, its place on its path, from 0."""
        return np.arange(len(self.channels)) - self.offsets[:-1][self.rows]

    @cached_property
    def from_end(self) -> Longs:
        """Of each touch, how many follow on its path."""
        return self.lengths[self.rows] - 1 - self.places

    def named(self, name: str) -> Flags:
        """Of each touch, whether its channel bears that name, however it is capitalised."""
        wanted = [text.casefold() == name.casefold() for text in self.names.to_pylist()]
        return np.asarray(wanted, dtype=np.bool_)[self.channels]

    def kept(self, mask: Flags) -> Paths:
        """Only the touches of the mask; a path may become empty, and stays."""
        lengths = np.bincount(self.rows[mask], minlength=len(self.lengths))
        return replace(
            self,
            channels=self.channels[mask],
            offsets=_offsets(lengths),
            given=self.given[mask],
            seconds=None if self.seconds is None else self.seconds[mask],
            clicked=None if self.clicked is None else self.clicked[mask],
        )


def read_paths(table: pa.Table, windows: Mapping[str, int] | None = None) -> Paths:
    """Paths from a table of `path, conversions, value, nulls` and, if there, `seconds_before` and `clicked`.

    A count or value that is missing or null is 0, a null path is an empty one. Where times are given, touches
    are put in their order (equal times keep theirs), and those after the end of the path or older than their
    channel's window are left out.

    Args:
        table: `path`, `seconds_before` and `clicked` are lists.
        windows: Seconds for which a touch of a channel counts; a channel that is not named has no limit.

    Raises:
        BadPaths: a path on which nothing can be computed.
    """
    lists = _one(table, "path", pa.list_(pa.string()))
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    offsets = _offsets(lengths)
    coded = lists.flatten().dictionary_encode()
    names, channels = _named(coded)
    nameless = np.append(channels < 0, False)  # one more, so that an empty last path has where to begin
    _refuse(Fault.NO_CHANNEL, np.logical_or.reduceat(nameless, offsets[:-1]) & (lengths > 0))
    timed, told = (name in table.column_names for name in ("seconds_before", "clicked"))
    paths = Paths(
        names=names,
        channels=channels,
        offsets=offsets,
        conversions=_amount(table, "conversions", negative=False),
        nulls=_amount(table, "nulls", negative=False),
        value=_amount(table, "value", negative=True),
        given=np.arange(len(channels)) - np.repeat(offsets[:-1], lengths),
        seconds=_beside(table, "seconds_before", pa.int64(), lengths) if timed else None,
        clicked=_beside(table, "clicked", pa.bool_(), lengths) if told else None,
    )
    return paths if paths.seconds is None else _timed(paths, paths.seconds, windows or {})


def _named(coded: pa.DictionaryArray) -> tuple[pa.Array, Longs]:
    """Names without blanks around them, and codes of touches; -1 where there is no name."""
    plain = pc.replace_substring(pc.utf8_trim_whitespace(coded.dictionary), BETWEEN, " ")
    names = pc.unique(plain.filter(pc.not_equal(plain, "")))
    code_of = pc.fill_null(pc.index_in(plain, names), -1).to_numpy(zero_copy_only=False).astype(np.int64)
    codes = pc.fill_null(coded.indices, len(plain)).to_numpy(zero_copy_only=False)
    return names, np.append(code_of, -1)[codes]


def _timed(paths: Paths, seconds: Longs, windows: Mapping[str, int]) -> Paths:
    order = np.lexsort((-seconds, paths.rows))
    ages = seconds[order]
    in_order = replace(
        paths,
        channels=paths.channels[order],
        given=paths.given[order],
        seconds=ages,
        clicked=None if paths.clicked is None else paths.clicked[order],
    )
    forever = np.iinfo(np.int64).max
    longest = np.asarray([windows.get(name, forever) for name in paths.names.to_pylist()], dtype=np.int64)
    return in_order.kept((ages >= 0) & (ages <= longest[in_order.channels]))


def _one(table: pa.Table, name: str, kind: pa.DataType) -> pa.Array:
    return pa.concat_arrays(table.column(name).cast(kind).chunks or [pa.array([], kind)])


def _offsets(lengths: Longs) -> Longs:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _refuse(fault: Fault, bad: NDArray[np.generic]) -> None:
    count = int(np.count_nonzero(bad))
    if count:
        raise BadPaths(fault, count)


def _amount(table: pa.Table, name: str, *, negative: bool) -> pa.Array:
    if name not in table.column_names:
        return pa.array([0] * len(table), pa.int64()).cast(AMOUNT)
    column = table.column(name)
    if pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        floats = pc.fill_null(column.cast(pa.float64()), 0.0).to_numpy()
        _refuse(Fault.NOT_A_NUMBER, ~(np.abs(floats) < LIMIT))
        column = column.cast(pa.float64()) if pa.types.is_floating(column.type) else column
    elif pa.types.is_integer(column.type):
        column = column.cast(pa.int64())
    values = pa.concat_arrays(column.cast(AMOUNT, safe=False).chunks or [pa.array([], AMOUNT)])
    filled = pc.fill_null(values, pa.scalar(0, pa.int64()).cast(AMOUNT))
    if not negative:
        _refuse(Fault.NEGATIVE, pc.less(filled, pa.scalar(0, pa.int64()).cast(AMOUNT)).to_numpy(False))
    return filled


def _beside(table: pa.Table, name: str, kind: pa.DataType, lengths: Longs) -> NDArray[Any]:
    """Entries of a list with one for each touch."""
    lists = _one(table, name, pa.list_(kind))
    counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    _refuse(Fault.UNEVEN, counts != lengths)
    entries = lists.flatten()
    if entries.null_count:
        raise BadPaths(Fault.UNEVEN, entries.null_count)
    found: NDArray[Any] = entries.to_numpy(zero_copy_only=False)
    return found
