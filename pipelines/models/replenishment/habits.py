"""Intervals between purchases of the same thing by the same person, as arrays: the shared ground of `replenishment`.

A purchase is a day with a positive quantity after returns of that day; a return on another day takes its quantity off
the purchase before it, and a purchase that was returned whole never was. A thing is a good, or a whole category.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Habits:
    """One row a person, thing and day of purchase, ordered by these.

    Args:
        person: Positions.
        thing: Positions.
        day: Days since 1970-01-01.
        amount: Bought on the day, net of returns; above 0.
    """

    person: Ints
    thing: Ints
    day: Ints
    amount: Floats

    @cached_property
    def first(self) -> Ints:
        """Where the rows of each person and thing begin."""
        opens = (np.diff(self.person, prepend=-1) != 0) | (np.diff(self.thing, prepend=-1) != 0)
        return np.flatnonzero(opens)

    @cached_property
    def times(self) -> Ints:
        """Purchases of each person and thing."""
        return np.diff(np.append(self.first, len(self.day)))

    @cached_property
    def last(self) -> Ints:
        """Where the rows of each person and thing end."""
        return self.first + self.times - 1

    @cached_property
    def owner(self) -> Ints:
        """Of each row the number of its person and thing."""
        return np.repeat(np.arange(len(self.first)), self.times)

    @cached_property
    def gap(self) -> Floats:
        """Days since the purchase before; nan for the first."""
        gap = np.append(np.nan, np.diff(self.day).astype(float))
        gap[self.first] = np.nan
        return gap[: len(self.day)]

    @cached_property
    def usual_amount(self) -> Floats:
        """Mean amount of each person and thing."""
        return self.sums(self.amount) / self.times

    @cached_property
    def filled(self) -> Floats:
        """Of each row with a gap, the log of what the purchase before brought, as a share of the usual amount."""
        share = np.log(self.amount / self.usual_amount[self.owner])
        before = np.append(0.0, share[:-1])
        before[self.first] = 0.0
        return before[: len(self.day)]

    def sums(self, values: Floats) -> Floats:
        """The sum over the rows of each person and thing; nan counts as nothing."""
        summed = np.bincount(self.owner, weights=np.nan_to_num(values), minlength=len(self.first))
        return summed.astype(np.float64)

    def before(self, day: int) -> Habits:
        """What was known before a day."""
        kept = self.day < day
        return Habits(self.person[kept], self.thing[kept], self.day[kept], self.amount[kept])


def habits(person: Ints, thing: Ints, day: Ints, quantity: Floats) -> Habits:
    """Purchases from rows in any order, with returns as quantities below 0.

    Two bought on day 1, one brought back on day 4: a purchase of one on day 1.
    """
    order = np.lexsort((day, thing, person))
    person, thing, day, quantity = person[order], thing[order], day[order], quantity[order]
    same = (np.diff(person, prepend=-1) == 0) & (np.diff(thing, prepend=-1) == 0)
    opens = np.flatnonzero(~(same & (np.diff(day, prepend=-1) == 0)))
    if not len(opens):
        return Habits(person, thing, day, quantity)
    amount = np.add.reduceat(quantity, opens)
    person, thing, day = person[opens], thing[opens], day[opens]
    bought = amount > 0
    if not bought.all():  # what comes back is taken off the purchase before it
        row = np.maximum.accumulate(np.where(bought, np.arange(len(amount)), -1))
        there = row >= 0
        there &= (person[row] == person) & (thing[row] == thing)
        back = ~bought & there
        np.add.at(amount, row[back], amount[back])
    kept = bought & (amount > 1e-9)
    return Habits(person[kept], thing[kept], day[kept], amount[kept])
