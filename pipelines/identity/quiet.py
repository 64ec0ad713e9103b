"""Components in which nothing can go wrong, found set-wise; most are. What they come to needs no replay.

A component is quiet when no type of which a person has one stands in it twice, nobody is seen with too many, it is not
too large, no link could be outlived, and nobody decided that two in it are apart. Then every link that is not weak
joins and stays; what the weak ones do `union` sees.
The test leans to the safe side: what it calls loud may still come out of the replay whole.
"""

from __future__ import annotations

import numpy as np

from pipelines.identity.batch import Batch, Flags, Longs
from pipelines.identity.law import NEVER


def quiet(batch: Batch, decided: Longs) -> Flags:
    """Of each component, whether it is quiet.

    Args:
        batch: Whole components.
        decided: Identifiers about which somebody decided that they are not one with another.
    """
    size = len(batch.starts) - 1
    home = batch.home
    own = home >= 0
    loud = np.zeros(size, dtype=np.bool_)
    loud[batch.component[batch.far != 0]] = True
    loud[home[decided]] = True
    loud |= np.bincount(home[own], minlength=size) > batch.law.most
    for kind, unique in enumerate(batch.law.unique):
        if unique:
            loud |= np.bincount(home[own & (batch.kind == kind)], minlength=size) > 1
    loud[home[_crowded(batch)]] = True
    loud[batch.component[_overdue(batch)]] = True
    return ~loud


def _crowded(batch: Batch) -> Longs:
    """Identifiers that are seen with more of a type than the rules allow."""
    left, right, _ = batch.links
    kinds = len(batch.law.caps)
    node, other = np.concatenate((left, right)), np.concatenate((right, left))
    keys, counts = np.unique(node * kinds + batch.kind[other], return_counts=True)
    node, kind = np.divmod(keys, kinds)
    crowded: Longs = node[counts > np.array(batch.law.caps, dtype=np.int64)[batch.kind[node], kind]]
    return crowded[batch.home[crowded] >= 0]


def _overdue(batch: Batch) -> Longs:
    """Rows of links that their weaker end outlived: it was seen later than the row's own time to live."""
    ttl = np.array(batch.law.ttl, dtype=np.int64)[batch.source]
    rows = np.flatnonzero((batch.right >= 0) & (ttl < NEVER))
    if not len(rows):
        return rows
    _, _, link = batch.links
    last = np.full(len(batch.names), 0, dtype=np.int64)
    for ends in (batch.left, batch.right):
        np.maximum.at(last, ends[ends >= 0], batch.at[ends >= 0])
    until = last[batch.right[rows]]
    # The next row of the same link renews it: only until there does its end count against that row.
    pairs = np.flatnonzero(link >= 0)
    in_links = pairs[np.lexsort((pairs, link[pairs]))]
    following = np.full(len(batch.left), NEVER, dtype=np.int64)
    same = link[in_links[:-1]] == link[in_links[1:]]
    following[in_links[:-1][same]] = batch.at[in_links[1:][same]]
    due = batch.at[rows] + ttl[rows]
    return rows[np.minimum(until, following[rows]) > due]
