"""Persons and goods that came after the training, without another one.

**A person** has factors by the goods that they bought: the normal equations of the objective with the goods' factors as
they are, which is what the last half step of a training solves. Each good counts as bought once on the day (strength
1). **A good** has factors by what the catalogue says of it: a ridge regression of the known goods' factors on their
attributes, one column a value,

    B = (A'A + RIDGE I)**-1 A'Y,   y = a B

for a good with attributes a; goods without any known value stay unknown.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from pipelines.models.als.factors import AlsFactors, on_grid_of
from pipelines.models.als.ids import positions
from pipelines.models.als.solver import fold_in
from pipelines.models.attributes import attributes_of
from pipelines.models.lines import Frame, arrow

RIDGE = 5.0
Places = NDArray[np.int64]


def folded_in(
    als: AlsFactors, person_ids: pa.StringArray, bought: tuple[Places, Places]
) -> tuple[AlsFactors, Places]:
    """The model with the asked persons' factors alone, and where each of them stands in it; -1: still unknown.

    Args:
        als: The model. Without its `alpha` and `reg_param` nobody is folded in.
        person_ids: Any.
        bought: Places in `person_ids` and item positions: what each has bought.
    """
    rows = positions(person_ids, als.person_ids)
    vectors = als.persons[rows]
    owner, item = bought
    new = np.unique(owner[rows[owner] < 0])
    if len(new) and als.alpha is not None and als.reg_param is not None:
        inside = np.isin(owner, new)
        shape = (len(new), len(als.item_ids))
        cells = (np.searchsorted(new, owner[inside]), item[inside])
        strengths = csr_matrix((np.ones(int(inside.sum())), cells), shape=shape)
        strengths.data[:] = 1.0
        solved = fold_in(strengths, als.items, reg_param=als.reg_param, alpha=als.alpha)
        vectors[new] = on_grid_of(solved, als.persons)
        rows[new] = new
    places = np.where(rows >= 0, np.arange(len(rows)), -1)
    return replace(als, person_ids=person_ids, persons=vectors), places


def with_new_goods(als: AlsFactors, products: Frame) -> AlsFactors:
    """The model with the catalogue's goods that it has not seen, as far as their attributes are known.

    They have no recent buyers, so nobody whom the model does not know is offered one.

    Args:
        als: The model.
        products: `product_id` and any of `attributes.ATTRIBUTES`.

    Raises:
        DataError: there is no `product_id`.
    """
    given = arrow(products, ("product_id",))["product_id"].combine_chunks().cast(pa.string())
    unseen = given.filter(pa.array(positions(given, als.item_ids) < 0)).unique()
    every = pa.concat_arrays([als.item_ids.cast(pa.string()), unseen])
    told = attributes_of(products, every)
    seen = len(als.item_ids)
    if not told.codes or not seen:
        return als
    table = csr_matrix(hstack([told.matrix(name) for name in told.codes]), dtype=np.float64)
    known, new = table[:seen], table[seen:]
    used = np.flatnonzero(known.getnnz(axis=0))
    known, new = known[:, used], new[:, used]
    gram = (known.T @ known).toarray() + RIDGE * np.eye(len(used))
    weights = np.linalg.solve(gram, known.T @ als.items.astype(np.float64))
    kept = np.flatnonzero(new.getnnz(axis=1))
    vectors = on_grid_of((new[kept] @ weights).astype(np.float32), als.items)
    ids = pa.concat_arrays([als.item_ids.cast(pa.string()), unseen.take(pa.array(kept))])
    order = pa.compute.sort_indices(ids)
    places = order.to_numpy()
    return replace(
        als,
        item_ids=ids.take(order),
        items=np.vstack([als.items, vectors])[places],
        buyers=np.concatenate([als.buyers, np.zeros(len(kept), dtype=np.int32)])[places],
    )
