"""Children who grow out of sizes, as lines and as the catalogue that knows them; and noise on any day."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

START, AS_OF = date(2023, 1, 1), date(2024, 1, 1)
STATES = pd.DataFrame(
    [(f"d{size}{brand}", "DIAPERS", f"SIZE {size}") for size in range(1, 5) for brand in "xy"]
    + [(f"n{n}", "NOISE", f"N{n}") for n in range(8)],
    columns=["product_id", "chain", "state"],
)


def sizes(children: int = 60, seed: int = 1, turned: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each child wears a size for 100 days, of one brand; and buys noise on any day."""
    draws, rows, born = np.random.default_rng(seed), [], []
    for child in range(children):
        birth, brand = int(draws.integers(-400, 300)), "xy"[child % 2]
        born.append((child, START + timedelta(days=birth)))
        for size in range(1, 5):
            for n in range(8):
                day = birth + (size - 1) * 100 + n * 12
                day = 364 - day if turned else day
                rows.append((child, day, f"d{size}{brand}"))
        rows += [(child, int(draws.integers(0, 365)), f"n{draws.integers(0, 8)}") for _ in range(12)]
    inside = [(c, f"{c}/{d}", START + timedelta(days=d), p, 1) for c, d, p in rows if 0 <= d < 365]
    columns = ["customer_id", "basket_id", "purchased_at", "product_id", "quantity"]
    return pd.DataFrame(inside, columns=columns), pd.DataFrame(born, columns=["customer_id", "born_on"])
