"""A category's listing ranked anew by one good that a visit has looked at: where what was bought next stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.journey import journey, table
from pipelines.models.first_visit import FirstVisit, FirstVisitParams, fit
from pipelines.models.first_visit.evaluate import K, ndcg

SPLIT, END, CASES = date(2017, 12, 1), date(2018, 1, 1), 4_000
Ranker = Callable[[FirstVisit, Any, Sequence[Any]], Sequence[Any]]


def first_visit(
    split: date = SPLIT, end: date = END, cases: int = CASES, params: FirstVisitParams | None = None
) -> dict[str, Any]:
    """nDCG@10 of the rest of a receipt's goods of one category, in that category's listing, after one of them."""
    lines, catalogue = journey()
    model = fit(lines, as_of=split, products=banded(lines, catalogue, split), params=params)
    kinds = pd.Series({good: kind.get("category") for good, kind in model.kinds.items()}, name="category")
    listings = {name: list(goods) for name, goods in kinds.groupby(kinds).groups.items()}
    later = lines[
        (lines["purchased_at"] >= pd.Timestamp(split)) & (lines["purchased_at"] < pd.Timestamp(end))
    ]
    later = later.join(kinds, on="product_id", how="inner").drop_duplicates(["basket_id", "product_id"])
    visits = list(later.groupby(["basket_id", "category"]))
    draws = np.random.default_rng(7)
    several = [rows for _, rows in visits if len(rows) > 1]
    chosen = [several[place] for place in draws.choice(len(several), min(cases, len(several)), replace=False)]
    rankers: dict[str, Ranker] = {
        "first_visit": lambda model, good, listing: model.rerank(listing, model.interest_of([good])),
        "popularity within the category": lambda model, good, listing: model.rerank(listing, {}),
    }
    values = {name: np.zeros(len(chosen)) for name in rankers}
    for place, rows in enumerate(chosen):
        goods = rows["product_id"].tolist()
        seen = goods.pop(int(draws.integers(len(goods))))
        listing = [good for good in listings[rows["category"].iloc[0]] if good != seen]
        for name, ranker in rankers.items():
            values[name][place] = ndcg(ranker(model, seen, listing)[:K], set(goods))
    customers = np.array([rows["customer_id"].iloc[0] for rows in chosen])
    return {
        "cases": len(chosen),
        "contexts": len(model.contexts),
        "rows": table(values, customers, "first_visit"),
        "command": "python -m benchmarks --only first_visit",
    }


def banded(lines: pd.DataFrame, catalogue: pd.DataFrame, split: date) -> pd.DataFrame:
    """The catalogue with `price_band`: a third of the goods of the category, by the usual price before the split."""
    before = lines[(lines["purchased_at"] < pd.Timestamp(split)) & (lines["quantity"] > 0)]
    price = (before["net_amount"] / before["quantity"]).groupby(before["product_id"]).median()
    known = catalogue.join(price.rename("price"), on="product_id")
    place = known.groupby("category")["price"].rank(pct=True)
    band = np.ceil(place * 3).map({1.0: "low", 2.0: "middle", 3.0: "high"})
    return known.assign(price_band=known["category"].str.cat(band, sep="/")).drop(columns="price")
