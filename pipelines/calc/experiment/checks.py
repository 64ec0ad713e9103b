"""What must hold before a result is read, and what several results at once do to a p-value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import scipy

from pipelines.errors import DataError

THRESHOLD = 0.001
"""A split as odd as this has a cause; the usual limit, far below 5 %, since it is looked at in every experiment."""


@dataclass(frozen=True)
class SampleRatio:
    """Whether the arms have the sizes that they were meant to have.

    Attributes:
        chi_square: Pearson's statistic; null when there is nobody.
        degrees_of_freedom: Arms less one.
        p_value: Chance of a split at least as uneven; null when there is nobody.
        expected: People that each arm should have.
        mismatch: Whether the split has a cause, so that no verdict may be given.
    """

    chi_square: float | None
    degrees_of_freedom: int
    p_value: float | None
    expected: tuple[float, ...]
    mismatch: bool


def sample_ratio_mismatch(
    counts: Mapping[str, int] | Sequence[int],
    expected_shares: Mapping[str, float] | Sequence[float],
    threshold: float = THRESHOLD,
) -> SampleRatio:
    """Pearson's chi-square test of the arms' sizes against the shares they were meant to have.

    Args:
        counts: People by arm, as they were assigned.
        expected_shares: For the same arms; scaled to sum to 1, so 50 and 50 will do.
        threshold: Below this p-value something other than chance has split them.

    >>> sample_ratio_mismatch([10_000, 10_300], [0.5, 0.5]).mismatch
    False
    >>> sample_ratio_mismatch({"mail": 10_000, "holdout": 1_300}, {"mail": 90, "holdout": 10}).mismatch
    True

    Raises:
        DataError: a negative count or share, or counts and shares of different arms.

    Source: Fabijan et al., "Diagnosing sample ratio mismatch in online controlled experiments" (KDD 2019).
    """
    found, shares = _aligned(counts, expected_shares)
    people, whole, freedom = sum(found), sum(shares), len(found) - 1
    expected = tuple(people * share / whole for share in shares)
    if not people:
        return SampleRatio(None, freedom, None, expected, mismatch=False)
    if any(count and not wanted for count, wanted in zip(found, expected, strict=True)):
        return SampleRatio(None, freedom, 0.0, expected, mismatch=True)
    pairs = [(count, wanted) for count, wanted in zip(found, expected, strict=True) if wanted]
    chi_square = sum((count - wanted) ** 2 / wanted for count, wanted in pairs)
    p_value = float(scipy.stats.chi2.sf(chi_square, len(pairs) - 1)) if len(pairs) > 1 else 1.0
    return SampleRatio(chi_square, freedom, p_value, expected, p_value < threshold)


def _aligned(
    counts: Mapping[str, int] | Sequence[int], shares: Mapping[str, float] | Sequence[float]
) -> tuple[list[int], list[float]]:
    if isinstance(counts, Mapping) and isinstance(shares, Mapping):
        same = counts.keys() == shares.keys()
        pair = list(counts.values()), [shares.get(arm, 0.0) for arm in counts]
    else:
        same = not isinstance(counts, Mapping) and not isinstance(shares, Mapping)
        pair = list(counts), list(shares)  # type: ignore[arg-type]
    fits = same and len(pair[0]) == len(pair[1]) and len(pair[0]) > 0
    if not fits or not all(0 <= one < math.inf for one in (*pair[0], *pair[1])) or not sum(pair[1]) > 0:
        raise DataError(
            f"Counts {counts} and shares {shares} do not belong together",
            remedy="Give a count and a share, numbers from 0 on, for each arm, both as lists or both by name.",
        )
    return pair


def holm(p_values: Mapping[str, float | None]) -> dict[str, float | None]:
    """P-values adjusted for there being several: compare each with the level as if it were the only one.

    The smallest of m is multiplied by m, the next by m - 1, and so on, never falling; then the chance of even one
    false finding stays below the level. A null is no test and stays null.

    >>> holm({"orders": 0.01, "revenue": 0.04, "opens": 0.03})
    {'orders': 0.03, 'revenue': 0.06, 'opens': 0.06}

    Raises:
        DataError: a p-value that is not from 0 to 1.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statistics 6 (1979).
    """
    tests = sorted((p, name) for name, p in p_values.items() if p is not None)
    if not all(0 <= p <= 1 for p, _ in tests):
        raise DataError(
            f"{p_values} are no p-values", remedy="Give numbers from 0 to 1, and null for no test."
        )
    adjusted: dict[str, float | None] = dict.fromkeys(p_values)
    highest = 0.0
    for rank, (p, name) in enumerate(tests):
        highest = max(highest, min(1.0, (len(tests) - rank) * p))
        adjusted[name] = highest
    return adjusted
