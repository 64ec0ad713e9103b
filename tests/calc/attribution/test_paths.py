"""What is read of a path: its channels by one name each, in the order of time, and every fault."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipelines.calc.attribution.paths import BETWEEN, BadPaths, Fault, read_paths
from tests.calc.attribution.paths import paths, spelled


def test_blanks_around_a_name_are_not_part_of_it() -> None:
    found = read_paths(pa.table({"path": [[" a", "a ", "a"], [f"b{BETWEEN}c"], None, []]}))
    assert found.names.to_pylist() == ["a", "b c"]
    assert (found.channels.tolist(), found.offsets.tolist()) == ([0, 0, 0, 1], [0, 3, 4, 4, 4])


def test_touches_are_put_in_the_order_of_time_and_the_late_and_the_old_left_out() -> None:
    table = pa.table({"path": [list("abcd"), ["x"]], "seconds_before": [[5, 9, -1, 5], [0]]})
    found = read_paths(table)
    assert spelled(found) == ["b a d", "x"]
    assert found.given.tolist() == [1, 0, 3, 0]
    assert spelled(read_paths(table, {"b": 8, "x": 0})) == ["a d", "x"]


@pytest.mark.parametrize("kind", [pa.int32(), pa.float32(), pa.float64(), pa.decimal128(30, 18)], ids=str)
def test_numbers_of_any_kind_are_exact_and_a_missing_one_is_nothing(kind: pa.DataType) -> None:
    two = Decimal(2) if pa.types.is_decimal(kind) else 2
    found = read_paths(pa.table({"path": [["a"], ["b"]], "value": pa.array([None, two], kind)}))
    assert (found.value.to_pylist(), found.nulls.to_pylist()) == ([0, 2], [0, 0])


def test_a_tenth_is_a_tenth() -> None:
    columns = {"path": [["a"]], "value": [0.1], "nulls": pa.nulls(1)}
    assert read_paths(pa.table(columns)).value.to_pylist() == [Decimal("0.1")]


def test_places_and_lengths_by_hand() -> None:
    found = paths("a b c", "", "d")
    assert (found.lengths.tolist(), found.rows.tolist()) == ([3, 0, 1], [0, 0, 0, 2])
    assert (found.places.tolist(), found.from_end.tolist()) == ([0, 1, 2, 0], [2, 1, 0, 0])
    assert spelled(found.kept(np.array([False, True, False, False]))) == ["b", "", ""]


@pytest.mark.parametrize(
    ("columns", "fault", "count"),
    [
        ({"path": [["a", None], [" "], ["b"], []]}, Fault.NO_CHANNEL, 2),
        ({"path": [["a"], ["b"]], "nulls": [-1, 1]}, Fault.NEGATIVE, 1),
        ({"path": [["a"]], "conversions": [float("nan")]}, Fault.NOT_A_NUMBER, 1),
        ({"path": [["a"]], "value": [1e30]}, Fault.NOT_A_NUMBER, 1),
        ({"path": [["a"], ["b"]], "seconds_before": [[1], None]}, Fault.UNEVEN, 1),
        ({"path": [["a"]], "clicked": [[None]]}, Fault.UNEVEN, 1),
    ],
)
def test_a_fault_is_named_and_counted(columns: dict[str, Any], fault: Fault, count: int) -> None:
    with pytest.raises(BadPaths) as raised:
        read_paths(pa.table(columns))
    assert (raised.value.fault, raised.value.count) == (fault, count)
