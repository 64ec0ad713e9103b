"""Who bought what on which of their visits, as arrays.

A visit is a customer's day with a purchase. A good counts once for each visit, whatever the quantity.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipelines.models.lines import ANONYMOUS, Lines

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Purchases:
    """One row a customer, good and visit, ordered by customer, good and day; all rows are known.

    Args:
        customer: Positions, 0 to `customers - 1`; each customer has a row.
        good: Positions among the goods of the market.
        day: Days since 1970-01-01.
        clock: Of each customer the day for which something is foreseen; every row is of an earlier one.
    """

    customer: Ints
    good: Ints
    day: Ints
    clock: Ints

    @property
    def customers(self) -> int:
        """How many."""
        return len(self.clock)

    @cached_property
    def visits(self) -> tuple[Ints, Ints]:
        """`customer, day` of every visit, in that order."""
        order = np.lexsort((self.day, self.customer))
        customer, day = self.customer[order], self.day[order]
        opens = (np.diff(customer, prepend=-1) != 0) | (np.diff(day, prepend=-1) != 0)
        return customer[opens], day[opens]

    @cached_property
    def visits_of(self) -> Ints:
        """The number of visits of each customer."""
        return np.bincount(self.visits[0], minlength=self.customers)

    @cached_property
    def visits_since(self) -> Ints:
        """Of each row, the number of the customer's visits after it."""
        customer, day = self.visits
        base = int(max(day.max(initial=0), self.day.max(initial=0))) + 1
        place = np.searchsorted(customer * base + day, self.customer * base + self.day)
        return np.cumsum(self.visits_of)[self.customer] - 1 - place

    def before(self, clock: Ints) -> Purchases:
        """What was known on an earlier day of each customer; customers without a row stay, with no visit."""
        known = self.day < clock[self.customer]
        return Purchases(self.customer[known], self.good[known], self.day[known], clock)

    def of(self, first: int, last: int) -> Purchases:
        """The customers from `first` up to, not with, `last`."""
        rows = slice(*np.searchsorted(self.customer, (first, last)))
        return Purchases(self.customer[rows] - first, self.good[rows], self.day[rows], self.clock[first:last])


def purchases(lines: Lines) -> Purchases:
    """What stands in lines with a customer; customers and goods keep the positions of their ids."""
    known = np.flatnonzero(lines.customer != ANONYMOUS)
    clock = np.full(len(lines.customer_ids), lines.as_of_day)
    return purchased(lines.customer[known], lines.product[known], lines.day[known], clock)


def purchased(customer: Ints, good: Ints, day: Ints, clock: Ints) -> Purchases:
    """Purchases from rows in any order, of which some may come twice."""
    order = np.lexsort((day, good, customer))
    rows = np.stack([customer[order], good[order], day[order]])
    opens = (np.diff(rows, axis=1, prepend=-1) != 0).any(axis=0)
    customer, good, day = rows[:, opens]
    return Purchases(customer, good, day, clock)
