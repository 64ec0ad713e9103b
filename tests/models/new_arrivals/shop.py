"""A shop with two tastes, and of each kind a new good every week."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

AS_OF = date(2024, 6, 1)
PEOPLE = 40
COLUMNS = ["customer_id", "basket_id", "purchased_at", "product_id", "quantity"]
PRODUCTS = pd.DataFrame(
    [(f"{kind}{n}", kind) for kind in ("tea", "nut") for n in range(40)], columns=["product_id", "category"]
)


def shop(seed: int = 1, people: int = PEOPLE) -> pd.DataFrame:
    """Every person buys three goods of their own taste each week; of each kind one good is new each week."""
    draws, rows = np.random.default_rng(seed), []
    for person in range(people):
        kind = ("tea", "nut")[person % 2]
        for week in range(22):
            day = AS_OF - timedelta(days=154 - 7 * week)
            for n in draws.choice(10 + week, 3, replace=False):
                rows.append((person, f"{person}/{week}", day, f"{kind}{n}", 1))
    return pd.DataFrame(rows, columns=COLUMNS)
