"""From a buyer's touches and purchases, as they lie in time, to paths: what every purchase saw before it.

A purchase sees each touch that is no later than it and no older than its channel's window; touches before an earlier
purchase count again, since people come back because of them. The touches that no purchase sees make the null paths:
one for each gap between two purchases, and one behind the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.calc.attribution.paths import Flags, Longs

SECOND = 1_000_000
_ROOM = 2**62

EVENT = pa.struct(
    [
        ("at", pa.int64()),
        ("purchase", pa.string()),
        ("is_sale", pa.bool_()),
        ("value", pa.decimal128(18, 2)),
        ("touch", pa.string()),
        ("channel", pa.string()),
        ("clicked", pa.bool_()),
    ]
)
"""One entry of a buyer's list: a purchase, or, where `purchase` is null, a touch. `at` is in microseconds.

A purchase that is no sale (a return of what nobody knows) sees no touch and is no conversion; its value counts.
"""


@dataclass(frozen=True)
class Windows:
    """For how many seconds a touch counts: by channel, and for every other."""

    otherwise: int
    by_channel: Mapping[str, int] = field(default_factory=dict)

    def micros(self, names: list[str | None]) -> Longs:
        """The windows of these channels, in microseconds."""
        return np.asarray(
            [SECOND * self.by_channel.get(name or "", self.otherwise) for name in names], np.int64
        )


def journeys(events: pa.Array, windows: Windows) -> pa.Table:
    """The paths of buyers, each with a list of `EVENT`: one for each purchase, and the null paths.

    Args:
        events: A list for each buyer, in any order, null for none, of entries that have the fields of `EVENT`, and
            may have more. A touch has a channel.
        windows: How long touches count.

    Returns:
        `path, seconds_before, clicked, conversions, value, nulls` as `attribute` takes them, `buyer` (its row, from
        0), and where things stand among all entries of the flattened lists: `touches` (beside `path`) and `purchase`
        (null: a null path). Touches are in the order of time; those of an instant in the order of their ids.
    """
    parts, place = [], 0
    for lists, first in _parts(events):
        table = _sorted(lists, first, place)
        place += len(table)
        is_purchase = table["is_purchase"]
        seen = _Seen(table.filter(pc.invert(is_purchase)), table.filter(is_purchase), windows, first)
        parts += [seen.conversions(), seen.nulls()]
    return pa.concat_tables(parts)


def _parts(lists: pa.Array) -> Iterator[tuple[pa.Array, int]]:
    """Runs of buyers that are few enough for a buyer and an instant to be one number, each with its first row."""
    at = pc.list_flatten(lists).field("at")
    span = pc.max(at).as_py() - pc.min(at).as_py() + 1 if len(at) else 1
    most = max(_ROOM // span, 1)
    for first in range(0, max(len(lists), 1), most):
        yield lists.slice(first, most), first


def _sorted(lists: pa.Array, first: int, place: int) -> pa.Table:
    """The entries of these buyers, in the order of buyer, time and id; a touch before a purchase of its instant."""
    counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    flat = pc.list_flatten(lists)
    columns = {field.name: flat.field(field.name) for field in EVENT}
    table = pa.table(
        {
            "buyer": np.repeat(np.arange(len(lists)) + first, counts),
            "place": np.arange(len(flat)) + place,
            "is_purchase": pc.is_valid(columns["purchase"]),
            **columns,
        }
    )
    order = [(name, "ascending") for name in ("buyer", "at", "is_purchase", "touch", "purchase")]
    return table.take(pc.sort_indices(table, sort_keys=order)).combine_chunks()


class _Seen:
    """Touches and purchases of some buyers, in the order of buyer and time."""

    def __init__(self, touched: pa.Table, bought: pa.Table, windows: Windows, first: int) -> None:
        self.touched, self.bought, self.first = touched, bought, first
        self.buyers, at = (_longs(touched, name) for name in ("buyer", "at"))
        self.owners, when = (_longs(bought, name) for name in ("buyer", "at"))
        instants = np.concatenate([at, when])
        least = int(instants.min(initial=np.iinfo(np.int64).max))
        self.at, self.when = at - least, when - least
        self.sold: Flags = bought["is_sale"].to_numpy()
        self.span = int(instants.max(initial=least)) - least + 1
        coded = touched["channel"].combine_chunks().dictionary_encode()
        each = windows.micros(coded.dictionary.to_pylist())
        codes = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        self.window: Longs = each[codes] if len(each) else np.zeros(0, np.int64)

    def conversions(self) -> pa.Table:
        """A path for each purchase."""
        longest = int(self.window.max(initial=0))
        mine, ends = self._number(self.buyers, self.at), self._number(self.owners, self.when)
        earliest = np.where(self.sold, np.maximum(self.when - longest, 0), self.when + 1)
        starts = self._number(self.owners, earliest)
        low, high = np.searchsorted(mine, starts, "left"), np.searchsorted(mine, ends, "right")
        lengths = high - low
        rows = np.repeat(np.arange(len(low)), lengths)
        touches = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths) + low[rows]
        ages = self.when[rows] - self.at[touches]
        kept = ages <= self.window[touches]
        return self._table(touches[kept], rows[kept], ages[kept], self.owners, bought=True)

    def nulls(self) -> pa.Table:
        """A path for each run of touches that no purchase sees."""
        owners, when = self.owners[self.sold], self.when[self.sold]
        following = np.searchsorted(self._number(owners, when), self._number(self.buyers, self.at), "left")
        there = np.append(owners, -1)[following] == self.buyers
        wait = np.append(when, 0)[following] - self.at
        touches = np.flatnonzero(~(there & (wait <= self.window)))
        runs = np.stack([self.buyers[touches], following[touches]])
        kinds, rows = np.unique(runs, axis=1, return_inverse=True)
        last = np.zeros(kinds.shape[1], np.int64)
        np.maximum.at(last, rows.ravel(), self.at[touches])
        ages = last[rows.ravel()] - self.at[touches]
        return self._table(touches, rows.ravel(), ages, kinds[0], bought=False)

    def _number(self, buyers: Longs, at: Longs) -> Longs:
        return (buyers - self.first) * self.span + at

    def _table(self, touches: Longs, rows: Longs, ages: Longs, buyers: Longs, *, bought: bool) -> pa.Table:
        count = len(buyers)
        offsets = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=count))]).astype(np.int32)

        def beside(values: pa.Array) -> pa.Array:
            return pa.ListArray.from_arrays(pa.array(offsets), values)

        def told(name: str) -> pa.Array:
            return self.touched[name].combine_chunks().take(pa.array(touches))

        nothing = pa.nulls(count, pa.decimal128(18, 2)), pa.nulls(count, pa.int64())
        value, purchase = (self.bought["value"], self.bought["place"]) if bought else nothing
        return pa.table(
            {
                "path": beside(told("channel")),
                "seconds_before": beside(pa.array(ages // SECOND)),
                "clicked": beside(told("clicked")),
                "conversions": pa.array((self.sold if bought else np.zeros(count)).astype(np.int64)),
                "value": value,
                "nulls": pa.array(np.full(count, int(not bought))),
                "touches": beside(told("place")),
                "purchase": purchase,
                "buyer": pa.array(buyers),
            }
        )


def _longs(table: pa.Table, name: str) -> Longs:
    found: Longs = table[name].cast(pa.int64()).to_numpy()
    return found
