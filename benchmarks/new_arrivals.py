"""New goods for each household on a day: how well the ones bought in the four weeks after are foreseen."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.first_visit import banded
from benchmarks.journey import journey, table
from pipelines.models.first_visit.evaluate import ndcg
from pipelines.models.new_arrivals import NewArrivals, fit

SPLIT, K, EXPLORE = date(2017, 12, 1), 10, 0.2


def new_arrivals(split: date = SPLIT) -> dict[str, Any]:
    """Recall@10 and nDCG@10 of households that bought one of the new goods, beside popularity."""
    lines, catalogue = journey()
    model = fit(lines, as_of=split, products=banded(lines, catalogue, split))
    new = model.product_ids.take(pa.array(model.likings.new)).to_pylist()
    after = (lines["purchased_at"] >= pd.Timestamp(split)) & (
        lines["purchased_at"] < pd.Timestamp(split + timedelta(days=28))
    )
    bought = lines[after & lines["product_id"].isin(new)].groupby("customer_id")["product_id"].agg(set)
    customers = bought.index.to_numpy()
    rankings = {
        "new_arrivals": ranked(model, customers),
        f"new_arrivals, {EXPLORE:.0%} of slots drawn": ranked(model, customers, EXPLORE),
        "popularity": baseline(model, customers, new, within=False),
        "popularity within the favourite categories": baseline(model, customers, new, within=True),
    }
    recall = {
        name: np.array(
            [
                len(set(goods) & bought[who]) / len(bought[who])
                for who, goods in zip(customers, each, strict=True)
            ]
        )
        for name, each in rankings.items()
    }
    gain = {
        name: np.array([ndcg(goods, bought[who]) for who, goods in zip(customers, each, strict=True)])
        for name, each in rankings.items()
    }
    return {
        "households": len(customers),
        "new": len(new),
        "recall": table(recall, customers, "new_arrivals"),
        "ndcg": table(gain, customers, "new_arrivals"),
        "command": "python -m benchmarks --only new_arrivals",
    }


def ranked(model: NewArrivals, customers: NDArray[Any], explore_share: float = 0.0) -> list[list[Any]]:
    found = model.rank(customers, K, explore_share=explore_share)
    return found.groupby("customer_id")["product_id"].agg(list).reindex(customers).tolist()


def baseline(model: NewArrivals, customers: NDArray[Any], new: list[Any], *, within: bool) -> list[list[Any]]:
    """The new goods with most buyers; within: times the share that their category has of the household's purchases."""
    told, score = model.likings, np.tile(model.likings.buyers + 1e-3, (len(customers), 1))
    if within:
        code = told.attributes.codes["category"][told.new]
        place = np.searchsorted(model.customer_ids.to_numpy(), customers)
        liked = np.exp(told.lifts["category"])[place]
        share = liked * np.exp(told.lifts["category"]).mean(axis=0)
        score = score * np.where(code >= 0, share[:, np.maximum(code, 0)], 1e-9)
    best = np.argsort(-score, axis=1, kind="stable")[:, :K]
    return [[new[place] for place in row] for row in best]
