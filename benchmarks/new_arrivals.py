"""New goods for each household on a day: how well the ones bought in the four weeks after are foreseen."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from benchmarks.first_visit import banded
from benchmarks.journey import journey, table
from pipelines.models.lines import read
from pipelines.models.new_arrivals import NewArrivalsParams
from pipelines.models.new_arrivals.evaluate import OURS, cases, measured, rankings
from pipelines.models.new_arrivals.train import learn

SPLIT, EXPLORE = date(2017, 12, 1), 0.2


def new_arrivals(split: date = SPLIT) -> dict[str, Any]:
    """Recall@10 and nDCG@10 of households that bought one of the new goods, beside popularity."""
    lines, catalogue = journey()
    after = read(lines, as_of=split + timedelta(days=28))
    model = learn(after.before(split), banded(lines, catalogue, split), NewArrivalsParams())
    asked = cases(model, after)
    drawn = {f"{OURS}, {EXPLORE:.0%} of slots drawn": rankings(model, asked, EXPLORE)[OURS]}
    found = measured({**rankings(model, asked), **drawn}, asked)
    customers = model.customer_ids.take(pa.array(asked.persons)).to_numpy()
    recall, gain = (
        table({name: one[figure] for name, one in found.items()}, customers, OURS)
        for figure in ("recall_at_10", "ndcg_at_10")
    )
    return {
        "households": len(customers),
        "new": len(model.new.age),
        "recall": recall,
        "ndcg": gain,
        "command": "python -m benchmarks --only new_arrivals",
    }
