"""The learned transitions, and what they say of a person: what comes next, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.models.chains.delays import Curve, chance, quantile
from pipelines.models.chains.features import Firsts
from pipelines.models.lines import Codes, places

FOLLOWS = "{before} is usually followed by {after} after about {days} days."
AGE = "{after} is usually bought at the age of about {months} months."
COLUMNS = ("rank", "product_id", "chain", "state", "expected_on", "low_on", "high_on", "score", "reason")
_DAY, _MONTH = np.array([0]), 30.4375


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
class Chains:
    """A fitted model.

    Args:
        as_of: It has seen days before this one.
        customer_ids: Persons, ascending.
        product_ids: Goods, ascending.
        firsts: Of each person and state the first day.
        births: Of each person the child's birth day, since 1970-01-01; NaN: not known.
        found: The transitions.
        ages: By state, the share that has not come to it, by the child's age in days.
        follow: By state and the good before (-1: any), the good that most went on to.
    """

    as_of: date
    customer_ids: pa.Array
    product_ids: pa.Array
    firsts: Firsts
    births: NDArray[np.float64]
    found: tuple[Transition, ...]
    ages: Mapping[int, Curve]
    follow: Mapping[tuple[int, int], int]

    def transitions(self) -> pd.DataFrame:
        """One row a transition.

        `chain, before, after, support, against, share, false, delay_10, delay_50, delay_90, reach, age_50`: days from
        the one to the other of those who go on, the share that does within the longest delay looked at, and the
        child's age in days at `after` (NaN: not known).
        """
        rows = []
        for one in self.found:
            chain, before = self.firsts.names[one.a]
            low, middle, high = (int(quantile(one.curve, _DAY, share)[0]) for share in (0.1, 0.5, 0.9))
            age = self.ages.get(one.b)
            rows.append(
                {
                    "chain": chain,
                    "before": before,
                    "after": self.firsts.names[one.b][1],
                    "support": one.forth,
                    "against": one.back,
                    "share": one.forth / (one.forth + one.back),
                    "false": one.false,
                    "delay_10": low,
                    "delay_50": middle,
                    "delay_90": high,
                    "reach": 1 - float(one.curve[-1]),
                    "age_50": np.nan if age is None else float(quantile(age, _DAY, 0.5)[0]),
                }
            )
        names = ("chain", "before", "after", "support", "against", "share", "false")
        whole = (*names, "delay_10", "delay_50", "delay_90", "reach", "age_50")
        frame = pd.DataFrame(rows, columns=list(whole))
        return frame.sort_values(["support", "chain"], ascending=[False, True], ignore_index=True)

    def rank(self, customers: Any, k: int = 20, *, within_days: int = 30) -> pd.DataFrame:
        """`customer_id` and `COLUMNS`: the goods that come next for each person, and when.

        `score` is the probability that a person who is where they are goes on within `within_days`; `expected_on` the
        day by which half of those who will go on have, `low_on` and `high_on` those of a tenth and of nine tenths.
        The child's age is the clock where it is known, else the days since the state before. A person whom no
        transition concerns has no row: there is nothing to say, and nothing is made up.

        Args:
            customers: Ids; unknown ones have no rows.
            k: At most so many goods for each.
            within_days: Of `score`.
        """
        asked = np.unique(places(pa.array(customers), self.customer_ids))
        asked = asked[asked >= 0]
        here = np.isin(self.firsts.customer, asked)
        rows = [self._next(one, here, within_days) for one in self.found]
        every = pd.concat([_EMPTY, *(found for found in rows if len(found))], ignore_index=True)
        every = every.sort_values(["customer", "score", "product"], ascending=[True, False, True])
        every = every.drop_duplicates(["customer", "state"]).drop_duplicates(["customer", "product"])
        every["rank"] = every.groupby("customer").cumcount() + 1
        every = every[every["rank"] <= k]
        return self._told(every)

    def _next(self, one: Transition, here: NDArray[np.bool_], within_days: int) -> pd.DataFrame:
        """Of one transition, who is in the state before and never was in the one after."""
        arrived = self.firsts.customer[self.firsts.state == one.b]
        rows = np.flatnonzero(here & (self.firsts.state == one.a))
        rows = rows[~np.isin(self.firsts.customer[rows], arrived)]
        customer = self.firsts.customer[rows]
        today = (self.as_of - date(1970, 1, 1)).days
        by_age = ~np.isnan(self.births[customer]) & (one.b in self.ages)
        start = np.where(by_age, self.births[customer], self.firsts.day[rows]).astype(np.int64)
        elapsed = today - start
        clocks = ((by_age, self.ages.get(one.b, one.curve)), (~by_age, one.curve))
        score = np.zeros(len(rows))
        ends = {share: np.zeros(len(rows), dtype=np.int64) for share in (0.1, 0.5, 0.9)}
        for mask, curve in clocks:
            score[mask] = chance(curve, elapsed[mask], within_days)
            for share, end in ends.items():
                end[mask] = start[mask] + quantile(curve, elapsed[mask], share)
        goods = [
            self.follow.get((one.b, int(good)), self.follow[(one.b, -1)])
            for good in self.firsts.product[rows]
        ]
        found = pd.DataFrame(
            {
                "customer": customer,
                "product": np.array(goods, dtype=np.int64),
                "state": one.b,
                "before": one.a,
                "score": score,
                "by_age": by_age,
                "low": ends[0.1],
                "expected": ends[0.5],
                "high": ends[0.9],
                "usual": np.where(
                    by_age,
                    quantile(self.ages.get(one.b, one.curve), _DAY, 0.5)[0],
                    quantile(one.curve, _DAY, 0.5)[0],
                ),
            }
        )
        return found[found["score"] > 0]

    def _told(self, every: pd.DataFrame) -> pd.DataFrame:
        names = self.firsts.names

        def words(row: Any) -> str:
            after, before = names[row.state][1], names[row.before][1]
            months = round(row.usual / _MONTH)
            if row.by_age:
                return AGE.format(after=after, months=months)
            return FOLLOWS.format(before=before, after=after, days=row.usual)

        origin = date(1970, 1, 1)
        told = {
            "customer_id": self.customer_ids.take(pa.array(_whole(every["customer"]))).to_pandas(),
            "rank": every["rank"].to_numpy().astype(np.int32),
            "product_id": self.product_ids.take(pa.array(_whole(every["product"]))).to_pandas(),
            "chain": [names[state][0] for state in every["state"]],
            "state": [names[state][1] for state in every["state"]],
            **{
                f"{name}_on": [origin + timedelta(days=int(day)) for day in every[name]]
                for name in ("expected", "low", "high")
            },
            "score": every["score"].to_numpy().astype(float),
            "reason": [words(row) for row in every.itertuples()],
        }
        return pd.DataFrame(told)[["customer_id", *COLUMNS]]


_EMPTY = pd.DataFrame(
    {
        name: np.empty(0, dtype=kind)
        for name, kind in {
            "customer": "i8",
            "product": "i8",
            "state": "i8",
            "before": "i8",
            "score": "f8",
            "by_age": "?",
            "low": "i8",
            "expected": "i8",
            "high": "i8",
            "usual": "i8",
        }.items()
    }
)


def _whole(column: Any) -> Codes:
    values: Codes = column.to_numpy().astype(np.int64)
    return values
