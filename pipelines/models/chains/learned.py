"""What a training of `chains` keeps, without persons, and what it says of anybody: what comes next, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.models.chains.delays import Curve, chance, quantile
from pipelines.models.chains.features import Firsts
from pipelines.models.lines import Codes

SHARES = {"low": 0.1, "expected": 0.5, "high": 0.9}
COLUMNS = ("customer", "product", "state", "before", "score", "by_age", *SHARES, "usual")
_DAY, _NEVER, _BLOCK = np.array([0]), np.iinfo(np.int32).max, 10_000
_NOTHING: Codes = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Transition:
    """From one state to the next.

    Args:
        a: The state before.
        b: The state after.
        forth: Persons who came to `a`, then to `b`.
        back: Persons who came to `b`, then to `a`.
        false: The probability of such an order by chance, adjusted for the number of pairs tested.
        curve: Share that has not come to `b`, by days since the first in `a`.
    """

    a: int
    b: int
    forth: int
    back: int
    false: float
    curve: Curve


@dataclass(frozen=True)
class Learned:
    """The transitions, and which goods they are about.

    Args:
        names: Of each state its chain and its name.
        product_ids: Goods, ascending.
        of_product: Of each good its state; -1: none.
        found: The transitions.
        ages: By state, the share that has not come to it, by the child's age in days.
        follow: By state and the good before (-1: any), the goods that most went on to, best first.
    """

    names: tuple[tuple[str, Any], ...]
    product_ids: pa.Array
    of_product: Codes
    found: tuple[Transition, ...]
    ages: Mapping[int, Curve]
    follow: Mapping[tuple[int, int], tuple[int, ...]]

    @property
    def states(self) -> list[int]:
        """Those that a transition is from or to, ascending."""
        return sorted({state for one in self.found for state in (one.a, one.b)})

    def steps(
        self,
        been: Firsts,
        births: NDArray[np.float64],
        *,
        clock: int,
        within_days: int,
        barred: Codes = _NOTHING,
    ) -> pd.DataFrame:
        """`COLUMNS`: of each person and state that may come next the likeliest step, the likeliest first.

        `score` is the probability that a person who is where they are goes on within `within_days`; `expected` the
        day by which half of those who will go on have, `low` and `high` those of a tenth and of nine tenths; `usual`
        the days, or the child's age in days, by which half have. The child's age is the clock (`by_age`) where it is
        known, else the days since the state before. Who was in a state, or has a chance of 0, does not come to it.

        Args:
            been: Where persons have been, by their place in `births`.
            births: Of each person the child's birth day, since 1970-01-01; NaN: not known.
            clock: The day of the question, since 1970-01-01.
            within_days: Of `score`.
            barred: Places of goods that may not be named.
        """
        named, closed = self._named(), set(barred.tolist())
        goods = {key: next((g for g in found if g not in closed), -1) for key, found in self.follow.items()}
        parts: list[dict[str, Any]] = []
        for low in range(0, len(births), _BLOCK):
            some = been.where((been.customer >= low) & (been.customer < low + _BLOCK))
            day, good = _first_days(some, low, min(_BLOCK, len(births) - low), named)
            born = births[low : low + _BLOCK]
            for one in self.found:
                a, b = named[one.a], named[one.b]
                rows = np.flatnonzero((day[:, a] != _NEVER) & (day[:, b] == _NEVER))
                told = self._told(one, born[rows], day[rows, a], clock, within_days)
                offered = _followed(goods, one.b, good[rows, a])
                kept = (offered >= 0) & (told["score"] > 0)
                told |= {"customer": rows + low, "product": offered}
                parts.append({name: column[kept] for name, column in told.items()})
        every = _table(parts)
        every = every.sort_values(
            ["customer", "score", "product"], ascending=[True, False, True], kind="stable"
        )
        return every.drop_duplicates(["customer", "state"], ignore_index=True)

    def best(self, steps: pd.DataFrame, k: int) -> pd.DataFrame:
        """The first k goods of each person with their `rank`; none twice."""
        once = steps.drop_duplicates(["customer", "product"])
        ranked = once.assign(rank=once.groupby("customer").cumcount() + 1)
        return ranked[ranked["rank"] <= k].reset_index(drop=True)

    def _named(self) -> Codes:
        """Of each state its number among those of transitions; -1: it is of none."""
        numbers = np.full(len(self.names), -1, dtype=np.int64)
        numbers[self.states] = np.arange(len(self.states))
        return numbers

    def _told(
        self, one: Transition, births: NDArray[np.float64], start: Any, clock: int, within_days: int
    ) -> dict[str, Any]:
        by_age = ~np.isnan(births) & (one.b in self.ages)
        start = np.where(by_age, births, start).astype(np.int64)
        score, usual = np.zeros(len(start)), np.zeros(len(start), dtype=np.int64)
        ends = {name: np.zeros(len(start), dtype=np.int64) for name in SHARES}
        for mask, curve in ((by_age, self.ages.get(one.b, one.curve)), (~by_age, one.curve)):
            elapsed = clock - start[mask]
            score[mask] = chance(curve, elapsed, within_days)
            usual[mask] = quantile(curve, _DAY, 0.5)[0]
            for name, share in SHARES.items():
                ends[name][mask] = start[mask] + quantile(curve, elapsed, share)
        states = {"state": np.full(len(start), one.b), "before": np.full(len(start), one.a)}
        return {**states, "score": score, "by_age": by_age, **ends, "usual": usual}


def _first_days(
    been: Firsts, low: int, persons: int, named: Codes
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Persons x named states: the first day (`_NEVER`: none), and the good of that day."""
    place = named[been.state]
    known = place >= 0
    at = (been.customer[known] - low, place[known])
    shape = (persons, int(named.max(initial=-1)) + 1)
    day, good = np.full(shape, _NEVER, dtype=np.int32), np.full(shape, -1, dtype=np.int32)
    day[at], good[at] = been.day[known], been.product[known]
    return day, good


def _followed(goods: Mapping[tuple[int, int], int], state: int, origins: NDArray[np.int32]) -> Codes:
    """Of each person the good of the state that most went on to from their own, or from any; -1: none is left."""
    of_any = goods[state, -1]
    known, place = np.unique(origins, return_inverse=True)
    found = np.array([goods.get((state, int(origin)), -1) for origin in known], dtype=np.int64)
    chosen: Codes = np.where(found < 0, of_any, found)[place]
    return chosen


def _table(parts: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    kinds = {"score": "f8", "by_age": "?"}
    return pd.DataFrame(
        {
            name: np.concatenate([np.empty(0, dtype=kinds.get(name, "i8")), *(part[name] for part in parts)])
            for name in COLUMNS
        }
    )
