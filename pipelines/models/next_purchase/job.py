"""What `next_purchase` brings to its training: everybody's purchases, and the first visit after the split."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.models import gate
from pipelines.models.calibration import calibration, draw
from pipelines.models.days import INPUTS, PRODUCTS, days_of
from pipelines.models.kept import write
from pipelines.models.lines import coded, day_number
from pipelines.models.next_purchase import served
from pipelines.models.next_purchase.evaluate import OURS, Comparison, compare
from pipelines.models.next_purchase.model import kinds, learn
from pipelines.models.next_purchase.train import Params
from pipelines.models.next_purchase.visits import Ints, Purchases, purchased
from pipelines.models.training import Compared, Job, Reads


@dataclass(frozen=True)
class Known:
    """Purchases of at most `days.MAX_PERSONS`, the ids of persons and goods, and the goods' kinds and categories."""

    purchases: Purchases
    people: pa.Array
    goods: pa.Array
    groups: tuple[Ints, Ints]


@contextmanager
def _collected(reads: Reads, end: date, never_offered: Sequence[str], _: Params) -> Iterator[Known]:
    rows = days_of(reads, end, never_offered)
    people, person = coded(rows["person_id"])
    ids, good = coded(rows["product_id"])
    day = rows["purchased_on"].cast(pa.int32()).to_numpy().astype(np.int64)
    clock = np.full(len(people), day_number(end))
    yield Known(purchased(person, good, day, clock), people, ids, kinds(ids, reads[PRODUCTS].frame))


def _compared(known: Known, params: Params, split: date, end: date) -> Compared:
    then = known.purchases.clock - (end - split).days
    fitted = learn(
        known.purchases.before(then), known.people, known.goods, *known.groups, as_of=split, params=params
    )
    found = compare(known.purchases, fitted, then)
    return Compared(
        found.parts, _table(found, params.seed), partial(draw, calibration(found.chance, found.bought))
    )


def _learned(known: Known, params: Params, end: date) -> Callable[[Path], None]:
    fitted = learn(known.purchases, known.people, known.goods, *known.groups, as_of=end, params=params)
    return partial(write, fitted)


def _table(found: Comparison, seed: int) -> list[dict[str, Any]]:
    rows = []
    for name, recall in found.recall.items():
        parts = {str(part): float(np.nanmean(one)) for part, one in found.parts[name].parts.items()}
        gain = "" if name == OURS else str(gate.paired(found.recall[OURS], recall, seed=seed))
        both = float(recall.mean()), float(found.ndcg[name].mean())
        rows.append(
            {
                "model": name,
                "persons": len(recall),
                "recall_at_10": both[0],
                "ndcg_at_10": both[1],
                **parts,
                "gain": gain,
                "said": f"recall@10 {both[0]:.4f}  nDCG@10 {both[1]:.4f}  {gain and f'{gain} behind'}".rstrip(),
            }
        )
    return rows


JOB = Job(served.NAME, INPUTS, Params, served, _collected, _compared, _learned)
