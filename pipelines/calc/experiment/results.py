"""What may be said of each arm of an experiment: its figures, how it stands against the control, and a verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines.calc.experiment.arm import (
    BUYERS,
    CONFIDENCE,
    CUPED,
    DECIDING,
    OFFLINE,
    PURCHASES,
    RATES,
    REVENUE,
    STANDARDISED,
    Arm,
    arms_of,
    mean_of,
    values,
)
from pipelines.calc.experiment.checks import SampleRatio, holm, sample_ratio_mismatch
from pipelines.calc.experiment.estimates import Comparison, Rate
from pipelines.calc.experiment.means import compare_means, cuped
from pipelines.calc.experiment.power import needed_for_means, needed_for_rates
from pipelines.calc.experiment.rates import compare_rates
from pipelines.calc.experiment.standardise import CAVEAT, Standardised, standardised
from pipelines.calc.experiment.words import verdict

TITLES = {
    BUYERS: "People who buy, per person assigned",
    PURCHASES: "Purchases per person assigned",
    REVENUE: "Revenue per person assigned",
}


@dataclass(frozen=True)
class Choices:
    """The lift that would matter, such as 0.1: how many people are needed is counted for it."""

    lift_that_matters: float


def results(experiment: Mapping[str, Any], choices: Choices) -> Iterator[dict[str, Any]]:
    """The rows of one experiment.

    Args:
        experiment: `experiment_id`, `kind`, `in_two_arms`, and `arms`: rows of `gold.experiment_arms`.
        choices: What is asked.
    """
    found = arms_of(experiment["arms"])
    control = next((arm for arm in found if arm.is_control), found[0])
    by_lot = all(arm.by_lot for arm in found)
    split = _split(found) if by_lot and len(found) > 1 else None
    unseen = {metric for metric, (part, _) in RATES.items() if not any(arm.total(part) for arm in found)}
    for arm in found:
        compared = control if arm is not control else None
        shown = {
            "experiment_id": experiment["experiment_id"],
            "kind": experiment["kind"],
            "arm": arm.name,
            "by_lot": by_lot,
            "control": compared.name if compared else None,
            "split_p_value": split.p_value if split else None,
            "in_two_arms": int(experiment["in_two_arms"]),
        }
        figures, comparisons = values(arm), {}
        if compared:
            comparisons = _comparisons(compared, arm)
            figures |= _adjusted(compared, arm, comparisons, by_lot)
        adjusted = holm({name: comparisons[name].p_value for name in DECIDING if name in comparisons})
        for metric, value in figures.items():
            if metric in unseen:
                continue  # what nobody is ever seen to do is not told, as opens of a letter
            found_here = comparisons.get(metric)
            words = None
            if metric in DECIDING and compared and found_here:
                judged = replace(found_here, p_value=adjusted[metric])
                words = _words(judged, metric, arm, compared, split, by_lot, choices)
            yield {
                **shown,
                "metric": metric,
                "decides": metric in DECIDING,
                **value,
                **_compared(found_here),
                "p_adjusted": adjusted.get(metric),
                "verdict": words,
            }


def _split(found: Sequence[Arm]) -> SampleRatio:
    """The arms' sizes against their shares; as large as each other where a share is not told."""
    told = all(arm.share is not None for arm in found)
    shares = {arm.name: (arm.share or 0.0) if told else 1.0 for arm in found}
    return sample_ratio_mismatch({arm.name: arm.people for arm in found}, shares)


def _comparisons(control: Arm, arm: Arm) -> dict[str, Comparison]:
    """By metric, the arm against the control; a rate of nobody is not compared."""
    found: dict[str, Comparison] = {}
    for metric, (part, whole) in RATES.items():
        if control.total(whole) and arm.total(whole):
            first, second = (Rate(each.total(part), each.total(whole)) for each in (control, arm))
            found[metric] = compare_rates(first, second, CONFIDENCE)
    found[BUYERS] = compare_rates(_buyers(control), _buyers(arm), CONFIDENCE)
    for metric, name in {PURCHASES: "purchases", REVENUE: "revenue", OFFLINE: "offline_revenue"}.items():
        found[metric] = compare_means(control.moments(name), arm.moments(name), CONFIDENCE)
    return found


def _buyers(arm: Arm) -> Rate:
    return Rate(arm.total("ordered"), arm.people)


def _adjusted(
    control: Arm, arm: Arm, comparisons: dict[str, Comparison], by_lot: bool
) -> dict[str, dict[str, Any]]:
    """Revenue freed from what was bought before; of arms that were chosen, compared within strata of it."""
    first, second = cuped(control.paired(), arm.paired())
    comparisons[CUPED] = compare_means(first, second, CONFIDENCE)
    figures = {CUPED: mean_of(second)}
    if not by_lot:
        alike = _like_with_like(control, arm)
        comparisons[STANDARDISED] = alike.comparison
        if alike.means is not None:
            people = round(alike.covered * (control.people + arm.people))
            mean = alike.means[1]
            figures[STANDARDISED] = {
                "numerator": mean * people,
                "denominator": people,
                "value": mean,
                "low": None,
                "high": None,
            }
    return figures


def _like_with_like(control: Arm, arm: Arm) -> Standardised:
    strata = sorted({*control.strata, *arm.strata})
    pairs = {
        str(stratum): (control.of_stratum(stratum, "revenue"), arm.of_stratum(stratum, "revenue"))
        for stratum in strata
    }
    return standardised(pairs, CONFIDENCE)


def _words(
    comparison: Comparison,
    metric: str,
    arm: Arm,
    control: Arm,
    split: SampleRatio | None,
    by_lot: bool,
    choices: Choices,
) -> str:
    """The verdict; of people who were not drawn by lot, always with the caveat."""
    said = verdict(
        comparison,
        TITLES[metric],
        split=split,
        needed=_needed(metric, control, choices.lift_that_matters),
        people=min(arm.people, control.people),
    )
    return said if by_lot else f"{said} {CAVEAT}"


def _needed(metric: str, control: Arm, lift: float) -> int | None:
    """People in each arm for the lift that matters; null where the control leaves nothing to count from."""
    if metric == BUYERS:
        base = _buyers(control).mean or 0.0
        return needed_for_rates(base, lift) if 0 < base < 1 and base * (1 + lift) <= 1 else None
    moments = control.moments({PURCHASES: "purchases", REVENUE: "revenue"}[metric])
    mean, variance = moments.mean or 0.0, moments.variance or 0.0
    return needed_for_means(mean, variance, lift) if mean > 0 and variance > 0 else None


def _compared(found: Comparison | None) -> dict[str, float | None]:
    """A comparison's numbers as columns; an interval without an end has a null there."""
    absolute = found.absolute_interval if found else None
    relative = found.relative_interval if found else None
    return {
        "absolute": found.absolute if found else None,
        "absolute_low": _end(absolute, 0),
        "absolute_high": _end(absolute, 1),
        "relative": found.relative if found else None,
        "relative_low": _end(relative, 0),
        "relative_high": _end(relative, 1),
        "p_value": found.p_value if found else None,
    }


def _end(interval: tuple[float, float] | None, place: int) -> float | None:
    return None if interval is None or math.isinf(interval[place]) else interval[place]
