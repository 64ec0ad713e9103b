"""Experiments: arms compared by counts and moments, with intervals, checks and words. See docs/experiments.md."""

from pipelines.calc.experiment.checks import SampleRatio, holm, sample_ratio_mismatch
from pipelines.calc.experiment.estimates import (
    Comparison,
    MeanComparison,
    Moments,
    Rate,
    RateComparison,
)
from pipelines.calc.experiment.fieller import fieller
from pipelines.calc.experiment.means import Paired, compare_means, cuped
from pipelines.calc.experiment.power import needed_for_means, needed_for_rates
from pipelines.calc.experiment.published import PublishedRow, inconsistencies, uplifts
from pipelines.calc.experiment.rates import compare_rates, wilson
from pipelines.calc.experiment.standardise import Standardised, standardised
from pipelines.calc.experiment.words import verdict

__all__ = [
    "Comparison",
    "MeanComparison",
    "Moments",
    "Paired",
    "PublishedRow",
    "Rate",
    "RateComparison",
    "SampleRatio",
    "Standardised",
    "compare_means",
    "compare_rates",
    "cuped",
    "fieller",
    "holm",
    "inconsistencies",
    "needed_for_means",
    "needed_for_rates",
    "sample_ratio_mismatch",
    "standardised",
    "uplifts",
    "verdict",
    "wilson",
]
