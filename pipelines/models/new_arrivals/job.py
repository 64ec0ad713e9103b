"""What `new_arrivals` brings to its training: everybody's purchases, and since when each good is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.models import gate
from pipelines.models.days import INPUTS, PRODUCT_DAYS, PRODUCTS, days_of
from pipelines.models.gate import Measured
from pipelines.models.kept import write
from pipelines.models.lines import Lines, of_days
from pipelines.models.new_arrivals import catalogue, served
from pipelines.models.new_arrivals.evaluate import OURS, cases, measured, rankings
from pipelines.models.new_arrivals.learned import NewArrivalsParams
from pipelines.models.new_arrivals.train import learn
from pipelines.models.training import Compared, Job, Reads


@dataclass(frozen=True)
class Bought:
    """Days of purchase, and the goods as `catalogue.goods` gives them."""

    lines: Lines
    goods: pa.Table


@contextmanager
def _collected(
    reads: Reads, end: date, never_offered: Sequence[str], _: NewArrivalsParams
) -> Iterator[Bought]:
    goods = catalogue.goods(
        reads[PRODUCT_DAYS].frame,
        reads[PRODUCTS].frame,
        as_of=end - timedelta(days=1),
        never_offered=never_offered,
    )
    yield Bought(of_days(days_of(reads, end, never_offered), as_of=end), goods.toArrow())


def _compared(bought: Bought, params: NewArrivalsParams, split: date, end: date) -> Compared:
    model = learn(bought.lines.before(split), bought.goods, params)
    asked = cases(model, bought.lines.before(end))
    found = measured(rankings(model, asked), asked)
    return Compared(
        {name: Measured({"explore": of["ndcg_at_10"]}) for name, of in found.items()},
        [_row(name, of, found[OURS]) for name, of in found.items()],
    )


def _learned(bought: Bought, params: NewArrivalsParams, end: date) -> Callable[[Path], None]:
    return partial(write, learn(bought.lines.before(end), bought.goods, params).learned)


def _row(name: str, of: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    gain = "" if name == OURS else str(gate.paired(ours["ndcg_at_10"], of["ndcg_at_10"], seed=0))
    means = {figure: float(values.mean()) for figure, values in of.items()}
    said = f"recall@10 {means['recall_at_10']:.4f}  nDCG@10 {means['ndcg_at_10']:.4f}  {gain and f'{gain} behind'}"
    return {"model": name, "persons": len(of["ndcg_at_10"]), **means, "gain": gain, "said": said.rstrip()}


JOB = Job(served.NAME, INPUTS, NewArrivalsParams, served, _collected, _compared, _learned)
