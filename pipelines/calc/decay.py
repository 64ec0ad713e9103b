"""How fast the past fades, as whole numbers, so that a sum is the same in any order and cheap to take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.calc.lazy import Late

if TYPE_CHECKING:
    from pyspark.sql import Column
    from pyspark.sql import functions as F
else:
    F = Late("pyspark.sql.functions")

ONE = 10**12
"""What is not faded at all. A LONG holds the sum of nine million of these."""


def faded(age_days: Column, half_life_days: int, weight: float = 1.0) -> Column:
    """What is left of a weight after so many days, in units of 1e-12, rounded up: `weight * 2 ** (-age / half_life)`.

    LONG, and never 0: what happened once leaves a trace. With a half-life of 90 days, an age of 0 gives
    1,000,000,000,000 and an age of 90 gives 500,000,000,000.
    """
    return F.ceil(F.pow(F.lit(2.0), -age_days / F.lit(half_life_days)) * F.lit(weight * ONE))
