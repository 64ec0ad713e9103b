"""Ids and their places."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def positions(ids: pa.Array | pa.ChunkedArray, known: pa.StringArray) -> NDArray[np.int64]:
    """Where each id stands among the known ones; -1 where it does not.

    >>> positions(pa.array(["b", "x"]), pa.array(["a", "b"]))
    array([ 1, -1])
    """
    found: NDArray[np.int64] = pc.index_in(ids, value_set=known).fill_null(-1).to_numpy().astype(np.int64)
    return found


def distinct(ids: pa.ChunkedArray) -> pa.StringArray:
    """Each id once, ascending by its bytes, as Spark orders strings."""
    found = pc.unique(ids)
    return found.take(pc.sort_indices(found))
