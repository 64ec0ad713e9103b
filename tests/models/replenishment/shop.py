"""A world of drawn intervals whose chances and dates are known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

AS_OF = date(2024, 7, 1)
START = date(2023, 7, 1)


def lines(people: int = 250) -> pd.DataFrame:
    """Goods with intervals log-normal around 12, 20 and 45 days; who buys two needs the next one later."""
    dice, rows = np.random.default_rng(3), []
    for person in range(people):
        for good, usual in (("milk", 12), ("tea", 20), ("soap", 45)):
            own, day = usual * np.exp(dice.normal(0, 0.3)), float(dice.integers(40))
            while day < 480:
                amount = 2 if dice.random() < 0.3 else 1
                rows.append(
                    (person, f"{person}/{good}/{day}", START + timedelta(days=int(day)), good, amount)
                )
                day += max(1.0, own * amount**0.5 * np.exp(dice.normal(0, 0.25)))
    columns = ["customer_id", "basket_id", "purchased_at", "product_id", "quantity"]
    return pd.DataFrame(rows, columns=columns)
