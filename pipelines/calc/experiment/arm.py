"""An arm of an experiment as sums over its people, and what it comes to by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import scipy

from pipelines.calc.experiment.estimates import Moments, Rate
from pipelines.calc.experiment.means import Paired
from pipelines.calc.experiment.rates import wilson

RATES = {
    "delivered_per_sent": ("delivered", "sent"),
    "opened_per_sent": ("opened", "sent"),
    "opened_per_sent_human": ("opened_human", "sent"),
    "clicked_per_opened": ("clicked", "opened"),
    "clicked_per_opened_human": ("clicked_human", "opened_human"),
    "ordered_per_clicked": ("ordered_after_click", "clicked"),
    "ordered_per_clicked_human": ("ordered_after_human_click", "clicked_human"),
}
"""What describes a mailing: of those who came so far, who went further."""
BUYERS, PURCHASES, REVENUE = DECIDING = ("buyers_per_person", "purchases_per_person", "revenue_per_person")
CUPED = "revenue_per_person_cuped"
OFFLINE = "offline_revenue_per_person"
CHECK = "revenue_per_purchase"
STANDARDISED = "revenue_per_person_standardised"
METRICS = (*RATES, *DECIDING, CUPED, OFFLINE, CHECK, STANDARDISED)
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Arm:
    """An arm's sums over strata."""

    name: str
    is_control: bool
    by_lot: bool
    share: float | None
    strata: Mapping[int, Mapping[str, Any]]

    def total(self, name: str) -> Any:
        """A sum over everybody in the arm."""
        return sum((row[name] for row in self.strata.values()), 0)

    @property
    def people(self) -> int:
        """How many people are in it."""
        return int(self.total("people"))

    def moments(self, name: str) -> Moments:
        """Of an amount per person."""
        return Moments(self.people, self.total(name), self.total(f"{name}_squares"))

    def of_stratum(self, stratum: int, name: str) -> Moments:
        """Of an amount per person of one stratum; nobody where the arm has none there."""
        row = self.strata.get(stratum)
        return Moments(row["people"], row[name], row[f"{name}_squares"]) if row else Moments(0, 0, 0)

    def paired(self) -> Paired:
        """Revenue beside what was bought before."""
        return Paired(self.moments("revenue"), self.moments("before"), self.total("revenue_by_before"))


def arms_of(rows: Sequence[Mapping[str, Any]]) -> list[Arm]:
    """The arms by name; what an arm is holds if any of its people says so."""
    found = []
    for name in sorted({row["arm"] for row in rows}):
        mine = [row for row in rows if row["arm"] == name]
        shares = [row["share"] for row in mine if row["share"] is not None]
        found.append(
            Arm(
                name,
                any(row["is_control"] for row in mine),
                all(row["by_lot"] for row in mine),
                max(shares, default=None),
                {row["stratum"]: row for row in sorted(mine, key=lambda row: int(row["stratum"]))},
            )
        )
    return found


def values(arm: Arm) -> dict[str, dict[str, Any]]:
    """By metric, the arm's own value with its interval; a rate of nobody is left out."""
    shown: dict[str, dict[str, Any]] = {}
    for metric, (part, whole) in RATES.items():
        if arm.total(whole):
            shown[metric] = rate(Rate(arm.total(part), arm.total(whole)))
    shown[BUYERS] = rate(Rate(arm.total("ordered"), arm.people))
    amounts = {PURCHASES: "purchases", REVENUE: "revenue", OFFLINE: "offline_revenue"}
    for metric, name in amounts.items():
        shown[metric] = mean_of(arm.moments(name))
    purchases = int(arm.total("purchases"))
    if purchases:
        revenue = float(arm.total("revenue"))
        shown[CHECK] = {
            "numerator": revenue,
            "denominator": purchases,
            "value": revenue / purchases,
            "low": None,
            "high": None,
        }
    return shown


def rate(found: Rate) -> dict[str, Any]:
    """A rate with Wilson's interval; of nobody neither."""
    low, high = wilson(found, CONFIDENCE) if found.trials else (None, None)
    return {
        "numerator": float(found.successes),
        "denominator": found.trials,
        "value": found.mean,
        "low": low,
        "high": high,
    }


def mean_of(moments: Moments) -> dict[str, Any]:
    """A mean with Student's interval."""
    mean, variance = moments.mean, moments.variance_of_mean
    reach = None
    if variance is not None:
        reach = float(scipy.stats.t.isf((1 - CONFIDENCE) / 2, moments.n - 1)) * math.sqrt(variance)
    return {
        "numerator": float(moments.sum),
        "denominator": moments.n,
        "value": mean,
        "low": None if reach is None or mean is None else mean - reach,
        "high": None if reach is None or mean is None else mean + reach,
    }
