"""What the models need of many paths, as sums: however the paths are dealt out, the sums add up to the same.

One table of sums serves every model. `model` says whose they are, `key` of what, as channels with `BETWEEN` between:

| model | key | sums |
|---|---|---|
| a rule, such as `linear` | a channel; none: paths that the rule gives to nobody | credits |
| `channel` | a channel | nothing; it was seen |
| `touched`, `untouched` | none | everything on paths with a touch, and on those without |
| `markov_2 steps` | two channels in a row and the next (fewer at a path's start) | of the paths that hold them |
| `markov_2 ends` | the last two channels | of the paths that end so |
| `markov_2 states` | none | in `nulls`, more states than can be solved |
| `seen` | a channel | of the paths that it is on, asked for apart |
| `fault` | the name of a fault | in `nulls`, the paths that have it |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.calc.attribution.paths import AMOUNT, BETWEEN, BadPaths, Longs, Paths, read_paths
from pipelines.calc.attribution.rules import RULES, Choices
from pipelines.calc.attribution.transforms import TRANSFORMS, firsts

MAX_STATES = 5_000
MAX_ORDER = 3
SEEN = "seen"
TOUCHES_AT_ONCE = 2_000_000
SUMMED = ("conversions", "nulls", "value")
SCHEMA = pa.schema([("model", pa.string()), ("key", pa.string()), *((name, AMOUNT) for name in SUMMED)])


@dataclass(frozen=True)
class Plan:
    """What is asked: rules by name, orders of Markov chains, and what is done to the paths before."""

    rules: tuple[str, ...]
    orders: tuple[int, ...]
    transforms: tuple[str, ...] = ()
    windows: Mapping[str, int] = field(default_factory=dict)
    choices: Choices = field(default_factory=Choices)


def gathered(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The batches, as tables of two million touches or so."""
    held: list[pa.RecordBatch] = []
    touches = 0
    for batch in batches:
        held.append(batch)
        touches += len(batch.column("path").flatten()) + len(batch)
        if touches >= TOUCHES_AT_ONCE:
            yield pa.Table.from_batches(held)
            held, touches = [], 0
    if held:
        yield pa.Table.from_batches(held)


def sums(table: pa.Table, plan: Plan) -> pa.Table:
    """The sums of one table of paths, as `SCHEMA`; of paths that have a fault only the faults."""
    try:
        paths = read_paths(table, plan.windows)
    except BadPaths as bad:
        return _counted("fault", [bad.fault.name], bad.count)
    for name in plan.transforms:
        paths = TRANSFORMS[name](paths, plan.choices.direct)
    parts = [_counted("channel", paths.names), *_totals(paths)]
    parts += [_credits(paths, name, plan.choices) for name in plan.rules]
    for order in plan.orders:
        parts += _chain(paths, order)
    return pa.concat_tables(parts)


def seen(table: pa.Table) -> pa.Table:
    """By channel the purchases, and their value, of all paths that it is on: `SEEN`, as `SCHEMA`. Not additive."""
    paths = read_paths(table)
    once = firsts(paths)
    rows = pa.array(paths.rows[once])
    amounts = {"conversions": paths.conversions.take(rows), "value": paths.value.take(rows)}
    found = _grouped(paths.channels[once], amounts)
    return _keyed(SEEN, paths.names.take(found["code"].combine_chunks()), found)


def added(sums_: pa.Table) -> pa.Table:
    """One row per model and key."""
    found = sums_.group_by(["model", "key"]).aggregate([(name, "sum") for name in SUMMED])
    return found.rename_columns(["model", "key", *SUMMED]).cast(SCHEMA)


def _counted(model: str, keys: Sequence[str] | pa.Array, count: int = 0) -> pa.Table:
    counts, zeros = (_constant(number, len(keys)) for number in (count, 0))
    return pa.table(
        [_constant_text(model, len(keys)), pa.array(keys, pa.string()), zeros, counts, zeros], SCHEMA
    )


def _constant(number: int, count: int) -> pa.Array:
    return pa.array(np.full(count, number, dtype=np.int64)).cast(AMOUNT)


def _constant_text(text: str, count: int) -> pa.Array:
    return pa.array([text] * count, pa.string())


def _grouped(codes: Longs, amounts: Mapping[str, pa.Array]) -> pa.Table:
    """Sums by code, 0 of what is not given."""
    table = pa.table({"code": pa.array(codes), **amounts})
    found = table.group_by("code").aggregate([(name, "sum") for name in amounts])
    zeros = _constant(0, len(found))
    sums_ = [found[f"{name}_sum"].cast(AMOUNT) if name in amounts else zeros for name in SUMMED]
    return pa.table([found["code"], *sums_], ["code", *SUMMED])


def _keyed(model: str, keys: pa.Array, grouped: pa.Table) -> pa.Table:
    return pa.table([_constant_text(model, len(keys)), keys, *grouped.columns[1:]], SCHEMA)


def _totals(paths: Paths) -> list[pa.Table]:
    amounts = {"conversions": paths.conversions, "nulls": paths.nulls, "value": paths.value}
    found = _grouped((paths.lengths > 0).astype(np.int64), amounts)
    parts = [
        (name, found.filter(pc.equal(found["code"], code)))
        for code, name in enumerate(("untouched", "touched"))
    ]
    return [_keyed(name, _constant_text("", len(part)), part) for name, part in parts]


def _credits(paths: Paths, rule: str, choices: Choices) -> pa.Table:
    weights = RULES[rule](paths, choices)
    some = weights > 0
    nobody = np.ones(len(paths.lengths), dtype=np.bool_)
    nobody[paths.rows[some]] = False
    rows = np.concatenate([paths.rows[some], np.flatnonzero(nobody)])
    shares = np.concatenate([weights[some], np.ones(int(nobody.sum()))])
    nowhere = len(paths.names)
    codes = np.concatenate([paths.channels[some], np.full(int(nobody.sum()), nowhere)])
    credits = {}
    for name, amounts in (("conversions", paths.conversions), ("value", paths.value)):
        floats = amounts.cast(pa.float64()).to_numpy()
        credits[name] = pa.array(floats[rows] * shares).cast(AMOUNT, safe=False)
    found = _grouped(codes, credits)
    names = pa.concat_arrays([paths.names, pa.array([""])])
    return _keyed(rule, names.take(found["code"].combine_chunks()), found)


def _chain(paths: Paths, order: int) -> list[pa.Table]:
    """Steps and ends of the chain of one order.

    A step is the window of up to `order + 1` channels that ends in a touch, an end that of up to `order` that
    ends a path. A window is one number, its channels the digits (0 before the path's start), so that windows are
    counted without making them.
    """
    base = len(paths.names) + 1
    digits = paths.channels + 1
    state = digits.copy()
    for back in range(1, order):
        state += base**back * _earlier(digits, paths.places, back)
    steps = state + base**order * _earlier(digits, paths.places, order)
    rows = pa.array(paths.rows)
    walks = {"conversions": paths.conversions.take(rows), "nulls": paths.nulls.take(rows)}
    walked = _grouped(steps, walks)
    states = len(np.unique(walked["code"].to_numpy() % base**order))
    if states > MAX_STATES:
        return [_counted(f"markov_{order} states", [""], states)]
    touched = pa.array(paths.lengths > 0)
    amounts = {"conversions": paths.conversions, "nulls": paths.nulls, "value": paths.value}
    ended = _grouped(
        state[paths.from_end == 0], {name: amount.filter(touched) for name, amount in amounts.items()}
    )
    return [
        _keyed(f"markov_{order} steps", _windows(walked["code"].to_numpy(), paths.names), walked),
        _keyed(f"markov_{order} ends", _windows(ended["code"].to_numpy(), paths.names), ended),
    ]


def _earlier(digits: Longs, places: Longs, back: int) -> Longs:
    """Of each touch, the digit of the one so many places before it on its path; 0 when there is none."""
    shifted = np.zeros_like(digits)
    shifted[back:] = digits[:-back]
    return np.where(places >= back, shifted, 0)


def _windows(codes: Longs, names: pa.Array) -> pa.Array:
    """The channels of windows, as keys."""
    digits = []
    while codes.any():
        codes, digit = np.divmod(codes, len(names) + 1)
        digits.append(digit)
    table = np.stack(digits[::-1], axis=1) if digits else np.zeros((len(codes), 1), dtype=np.int64)
    present = table > 0
    offsets = np.concatenate([[0], np.cumsum(present.sum(axis=1))]).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), names.take(pa.array(table[present] - 1)))
    return pc.binary_join(lists, BETWEEN)
