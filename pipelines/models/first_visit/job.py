"""What `first_visit` brings to its training: the receipts of the last weeks, and what else of a category each holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import functions as F

from pipelines.lakehouse.store import held
from pipelines.models import gate
from pipelines.models.attributes import ATTRIBUTES
from pipelines.models.first_visit import served
from pipelines.models.first_visit.evaluate import OURS, measured, visits
from pipelines.models.first_visit.score import FILE, write
from pipelines.models.first_visit.train import FirstVisitParams, fit
from pipelines.models.gate import Measured
from pipelines.models.lines import read
from pipelines.models.receipts import INPUTS, PRODUCTS, lines_of, sampled
from pipelines.models.training import Compared, Job, Reads

REACH_DAYS = 180
"""Lines of so many days before the end are collected: the longest window and holdout."""


@dataclass(frozen=True)
class Shop:
    """Lines of the last `REACH_DAYS`, and the catalogue."""

    lines: pa.Table
    products: pa.Table


@contextmanager
def _collected(
    reads: Reads, end: date, never_offered: Sequence[str], params: FirstVisitParams
) -> Iterator[Shop]:
    catalogue = reads[PRODUCTS].frame
    there = [name for name in ATTRIBUTES if name in catalogue.columns]
    lately = F.col("purchased_at") >= F.lit(end - timedelta(days=REACH_DAYS))
    with held(lines_of(reads, end, never_offered).where(lately)) as lines:
        yield Shop(sampled(lines, params.driver_rows), catalogue.select("product_id", *there).toArrow())


def _compared(shop: Shop, params: FirstVisitParams, split: date, end: date) -> Compared:
    model = fit(shop.lines, as_of=split, products=shop.products, params=params)
    found = measured(model, visits(read(shop.lines, as_of=end), shop.products, split))
    return Compared(
        {name: Measured({"explore": of}) for name, of in found.items()},
        [_row(name, of, found[OURS]) for name, of in found.items()],
    )


def _learned(shop: Shop, params: FirstVisitParams, end: date) -> Callable[[Path], None]:
    model = fit(shop.lines, as_of=end, products=shop.products, params=params)
    return lambda folder: write(model, folder / FILE)


def _row(name: str, of: Any, ours: Any) -> dict[str, Any]:
    gain = "" if name == OURS else str(gate.paired(ours, of, seed=0))
    mean = float(of.mean())
    said = f"nDCG@10 {mean:.4f}  {gain and f'{gain} behind'}".rstrip()
    return {"model": name, "cases": len(of), "ndcg_at_10": mean, "gain": gain, "said": said}


JOB = Job(served.NAME, INPUTS, FirstVisitParams, served, _collected, _compared, _learned)
