"""Small tables of paths for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

from pipelines.calc.attribution.paths import Paths, read_paths


def paths(*touches: str, **columns: Sequence[Any]) -> Paths:
    """A path for each text, its channels separated by blanks."""
    lists = pa.array([text.split() for text in touches], pa.list_(pa.string()))
    return read_paths(pa.table({"path": lists, **{name: list(rows) for name, rows in columns.items()}}))


def spelled(given: Paths) -> list[str]:
    names = given.names.to_pylist()
    return [
        " ".join(names[code] for code in given.channels[begin:end])
        for begin, end in zip(given.offsets[:-1], given.offsets[1:], strict=True)
    ]


ROWS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["email", "direct", "search", "push"]), max_size=6),
        st.integers(0, 4),
        st.integers(1, 4),
        st.integers(-5000, 9000),
    ),
    max_size=12,
)


def frame(rows: Sequence[tuple[list[str], int, int, int]]) -> pd.DataFrame:
    """`path, conversions, nulls, value`; values are drawn in cents."""
    table = pd.DataFrame(rows, columns=["path", "conversions", "nulls", "value"])
    return table.assign(value=table["value"] / 100)
