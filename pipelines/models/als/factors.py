"""The trained model as plain arrays: who and what it knows, and one vector for each.

Spark's own format needs Spark and seconds to load; scoring and evaluation need only these arrays. They are
kept beside the registered model as two Parquet files, `persons.parquet` and `items.parquet`, which any engine
reads.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.errors import DataError

_BITS = 22  # two numbers of 22 bits multiply to 44; 512 such products still fit the 53 bits of a float64
MAX_RANK = 512
_PERSONS, _ITEMS = "persons.parquet", "items.parquet"
_OBJECTIVE = b"objective"


@dataclass(frozen=True)
class AlsFactors:
    """Persons and goods with their vectors. Ids ascend; rows of a matrix stand in the order of its ids.

    Args:
        person_ids: Arrow strings.
        persons: One row for each of them, `rank` columns, float32 on a grid (see `on_grid`).
        item_ids: Arrow strings.
        items: One row for each of them, likewise.
        buyers: Of each good, how many persons bought it in the last `half_life_days` before the training's
            `as_of`.
        reg_param: Of the objective, for persons who are folded in; null: it was not kept, and nobody can be.
        alpha: Likewise.
    """

    person_ids: pa.StringArray
    persons: NDArray[np.float32]
    item_ids: pa.StringArray
    items: NDArray[np.float32]
    buyers: NDArray[np.int32]
    reg_param: float | None = None
    alpha: float | None = None

    @property
    def popular(self) -> NDArray[np.float64]:
        """Of each good its recent buyers as a score, for persons the model does not know.

        -inf where there are none.
        """
        return np.where(self.buyers > 0, self.buyers.astype(np.float64), -np.inf)


def on_grid(factors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round a matrix to multiples of a power of two, 22 bits below its largest entry.

    Then every sum of products of two such rows is exact in float64, whatever the order, the block, the BLAS
    or the machine: a person scored alone gets the very numbers that they get among all. The error is below
    2**-22 of the largest entry, far below what ALS itself leaves open.

    >>> float(on_grid(np.array([[1.0, 0.1]], dtype=np.float32))[0, 1] * 2**22)
    419430.0

    Raises:
        ValueError: more than 512 columns, for which sums would not be exact.
    """
    if factors.ndim != 2 or factors.shape[1] > MAX_RANK:
        raise ValueError(
            f"Factors must be a matrix of at most {MAX_RANK} columns, not of shape {factors.shape}"
        )
    return on_grid_of(factors, factors)


def on_grid_of(factors: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round a matrix to the grid that another one stands on; where that is 0 throughout, leave it."""
    largest = float(np.abs(other).max(initial=0.0))
    if largest == 0.0:
        return factors.astype(np.float32)
    step = 2.0 ** (int(np.ceil(np.log2(largest))) - _BITS)
    return (np.rint(factors.astype(np.float64) / step) * step).astype(np.float32)


def write(factors: AlsFactors, folder: Path) -> None:
    """The two Parquet files, into a folder that is there."""
    persons = pa.table({"person_id": factors.person_ids, "factors": _vectors(factors.persons)})
    items = pa.table(
        {
            "product_id": factors.item_ids,
            "buyers": pa.array(factors.buyers),
            "factors": _vectors(factors.items),
        }
    )
    objective = json.dumps({"reg_param": factors.reg_param, "alpha": factors.alpha})
    pq.write_table(persons, folder / _PERSONS)
    pq.write_table(items.replace_schema_metadata({_OBJECTIVE: objective}), folder / _ITEMS)


def read(folder: Path) -> AlsFactors:
    """What `write` wrote, bit for bit.

    Raises:
        DataError: a file is missing or is not what `write` writes.
    """
    try:
        persons, items = pq.read_table(folder / _PERSONS), pq.read_table(folder / _ITEMS)
        return AlsFactors(
            person_ids=_column(persons, "person_id"),
            persons=_matrix(_column(persons, "factors")),
            item_ids=_column(items, "product_id"),
            items=_matrix(_column(items, "factors")),
            buyers=_column(items, "buyers").to_numpy(zero_copy_only=False),
            **json.loads((items.schema.metadata or {}).get(_OBJECTIVE, b"{}")),
        )
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise DataError(
            f"The factors of the model cannot be read from {folder}: {error}",
            remedy="Train again with `tillpost train`; the model's artifacts are damaged or gone.",
        ) from error


def _vectors(matrix: NDArray[np.float32]) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])


def _column(table: pa.Table, name: str) -> pa.Array:
    return table.column(name).combine_chunks()


def _matrix(vectors: pa.FixedSizeListArray) -> NDArray[np.float32]:
    matrix: NDArray[np.float32] = vectors.flatten().to_numpy(zero_copy_only=False).reshape(len(vectors), -1)
    return matrix
