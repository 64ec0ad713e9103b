"""A shop in which everybody buys bread on each visit, their own staple on every second, and a treat at random."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from pipelines.models.next_purchase import Params

FIRST, AS_OF = date(2024, 1, 1), date(2024, 5, 1)
PEOPLE, STAPLES, TREATS = 60, 12, 40
PARAMS = Params(look_back=(7, 14, 28), trees=30, leaves=7, learning_rate=0.2, min_leaf=10, failures=0.5)


def lines(*, until: date = AS_OF) -> pd.DataFrame:
    """One visit a week, on the weekday of the customer's number."""
    dice, rows = np.random.default_rng(5), []
    for person in range(PEOPLE):
        for week in range(30):
            day = FIRST + timedelta(days=7 * week + person % 7)
            goods = ["bread", f"treat-{dice.integers(TREATS):02}"]
            if week % 2 == person % 2:
                goods.append(f"staple-{person % STAPLES:02}")
            if day < until:
                rows += [(f"p{person:02}", f"{person}/{week}", day, good, 1.0) for good in goods]
    columns = ["customer_id", "basket_id", "purchased_at", "product_id", "quantity"]
    return pd.DataFrame(rows, columns=columns)


def goods() -> pd.DataFrame:
    ids = ["bread", *(f"staple-{n:02}" for n in range(STAPLES)), *(f"treat-{n:02}" for n in range(TREATS))]
    of = [good.split("-")[0] for good in ids]
    return pd.DataFrame({"product_id": ids, "department": "FOOD", "category": of, "product_type": of})
