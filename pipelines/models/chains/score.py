"""A fitted model beside the persons that it was fitted on: the learned transitions, and what they say of a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.models.chains.delays import quantile
from pipelines.models.chains.features import Firsts
from pipelines.models.chains.learned import SHARES, Learned
from pipelines.models.lines import Codes, places

FOLLOWS = "After %s, people take %s, about %d days later."
AGE = "%s is usually bought at the age of about %d months."
MONTH = 30.4375
COLUMNS = ("rank", "product_id", "chain", "state", *(f"{name}_on" for name in SHARES), "score", "reason")
_EPOCH, _DAY = date(1970, 1, 1), np.array([0])


@dataclass(frozen=True)
class Chains:
    """A fitted model.

    Args:
        as_of: It has seen days before this one.
        customer_ids: Persons, ascending.
        been: Of each person and state the first day.
        births: Of each person the child's birth day, since 1970-01-01; NaN: not known.
        learned: The transitions.
    """

    as_of: date
    customer_ids: pa.Array
    been: Firsts
    births: NDArray[np.float64]
    learned: Learned

    def transitions(self) -> pd.DataFrame:
        """One row a transition.

        `chain, before, after, support, against, share, false, delay_10, delay_50, delay_90, reach, age_50`: days from
        the one to the other of those who go on, the share that does within the longest delay looked at, and the
        child's age in days at `after` (NaN: not known).
        """
        names, rows = self.learned.names, []
        for one in self.learned.found:
            low, middle, high = (int(quantile(one.curve, _DAY, share)[0]) for share in SHARES.values())
            age = self.learned.ages.get(one.b)
            rows.append(
                {
                    "chain": names[one.a][0],
                    "before": names[one.a][1],
                    "after": names[one.b][1],
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
        columns = ["chain", "before", "after", "support", "against", "share", "false"]
        columns += ["delay_10", "delay_50", "delay_90", "reach", "age_50"]
        frame = pd.DataFrame(rows, columns=columns)
        return frame.sort_values(["support", "chain"], ascending=[False, True], ignore_index=True)

    def rank(self, customers: Any, k: int = 20, *, within_days: int = 30) -> pd.DataFrame:
        """`customer_id` and `COLUMNS`: the goods that come next for each person, and when.

        `Learned.steps` says what the figures are. A person whom no transition concerns has no row: there is nothing
        to say, and nothing is made up.

        Args:
            customers: Ids; unknown ones have no rows.
            k: At most so many goods for each.
            within_days: Of `score`.
        """
        asked = np.zeros(len(self.customer_ids), dtype=bool)
        place = places(pa.array(customers), self.customer_ids)
        asked[place[place >= 0]] = True
        been = self.been.where(asked[self.been.customer])
        clock = (self.as_of - _EPOCH).days
        steps = self.learned.steps(been, self.births, clock=clock, within_days=within_days)
        return told(self.learned, self.learned.best(steps, k), self.customer_ids)


def told(learned: Learned, best: pd.DataFrame, customer_ids: pa.Array) -> pd.DataFrame:
    """What `Learned.best` gives, with ids, dates and a reason."""
    names = learned.names

    def words(row: Any) -> str:
        before, after = names[row.before][1], names[row.state][1]
        return AGE % (after, round(row.usual / MONTH)) if row.by_age else FOLLOWS % (before, after, row.usual)

    columns = {
        "customer_id": customer_ids.take(pa.array(_whole(best["customer"]))).to_pandas(),
        "rank": best["rank"].to_numpy().astype(np.int32),
        "product_id": learned.product_ids.take(pa.array(_whole(best["product"]))).to_pandas(),
        "chain": [names[state][0] for state in best["state"]],
        "state": [names[state][1] for state in best["state"]],
        **{f"{name}_on": [_EPOCH + timedelta(days=int(day)) for day in best[name]] for name in SHARES},
        "score": best["score"].to_numpy().astype(float),
        "reason": [words(row) for row in best.itertuples()],
    }
    return pd.DataFrame(columns)[["customer_id", *COLUMNS]]


def _whole(column: Any) -> Codes:
    values: Codes = column.to_numpy().astype(np.int64)
    return values
