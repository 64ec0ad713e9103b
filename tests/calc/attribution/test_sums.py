"""Sums of parts, added, are the sums of the whole, to the last digit; those by hand are what they should be."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.calc.attribution import sums as module
from pipelines.calc.attribution.paths import BETWEEN
from pipelines.calc.attribution.rules import RULES
from pipelines.calc.attribution.sums import SCHEMA, Plan, added, gathered, sums
from tests.calc.attribution.paths import ROWS, frame

PLAN = Plan(tuple(name for name in RULES if name != "time_decay"), (1, 2, 3))


def rows(table: pa.Table) -> list[tuple[object, ...]]:
    return sorted(tuple(row.values()) for row in table.to_pylist())


@given(ROWS, st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_parts_add_up_to_the_whole(paths: list[tuple[list[str], int, int, int]], size: int) -> None:
    table = pa.Table.from_pandas(frame(paths).assign(path=[path for path, *_ in paths]))
    table = table.set_column(0, "path", pa.array([path for path, *_ in paths], pa.list_(pa.string())))
    parts = [sums(table.slice(begin, size), PLAN) for begin in range(0, len(paths), size)]
    assert rows(added(pa.concat_tables([SCHEMA.empty_table(), *parts]))) == rows(added(sums(table, PLAN)))


def test_by_hand_windows_are_counted_by_what_walked_them() -> None:
    table = pa.table({"path": [["a", "b"], ["a", "b", "a"]], "conversions": [2, 0], "nulls": [1, 4]})
    found = {
        (row["model"], row["key"].replace(BETWEEN, " ")): row["conversions"] + row["nulls"]
        for row in sums(table, Plan((), (1, 2))).to_pylist()
        if row["model"].startswith("markov")
    }
    assert found == {
        ("markov_1 steps", "a"): 7, ("markov_1 steps", "a b"): 7, ("markov_1 steps", "b a"): 4,
        ("markov_1 ends", "b"): 3, ("markov_1 ends", "a"): 4,
        ("markov_2 steps", "a"): 7, ("markov_2 steps", "a b"): 7, ("markov_2 steps", "a b a"): 4,
        ("markov_2 ends", "a b"): 3, ("markov_2 ends", "b a"): 4,
    }  # fmt: skip


def test_batches_are_summed_when_they_hold_enough(monkeypatch: object) -> None:
    batches = pa.table({"path": [["a"]] * 10, "conversions": [1] * 10}).to_batches(max_chunksize=2)
    assert len(list(gathered(batches))) == 1
    assert module.TOUCHES_AT_ONCE > 10
    monkeypatch.setattr(module, "TOUCHES_AT_ONCE", 6)  # type: ignore[attr-defined]
    assert len(list(gathered(batches))) == 3
