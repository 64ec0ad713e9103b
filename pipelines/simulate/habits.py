"""What falls due by itself: goods that run out, and goods that a child grows into.

A habit of T days falls due once in every T days from its phase on, early or late by up to 15 % of T; whether
it does on a day is a function of that day, so no history is needed.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from pipelines.simulate.draws import Draws, whole
from pipelines.simulate.goods import DIAPERS, FEEDING, SIZES, sized
from pipelines.simulate.persons import CHILD_DAYS

DIAPER_DAYS = 12
"""A pack lasts so long."""

SIZE_DAYS = CHILD_DAYS // SIZES
"""So long a child wears one size of diapers."""

FIRST_FEEDING, FEEDING_DAYS = 120, 130
"""The age at which the first of the feeding goods is bought, and the days from one to the next."""

MONTH_DAYS = 365.25 / 12

_JITTER = 0.3


def due(draws: Draws) -> list[Column]:
    """The goods due on the row's `day`, of each cycle and each chain; each null where none is."""
    return [
        *(
            F.when(
                _falls_due(draws, f"cycle {n}", F.col(f"days_{n}"), F.col(f"phase_{n}")), F.col(f"cycle_{n}")
            )
            for n in (0, 1)
        ),
        _diapers(draws),
        _feeding(draws),
    ]


def diaper_size(age: Column) -> Column:
    """The size worn at an age in days, from 1."""
    return whole(age / SIZE_DAYS) + 1


def months_of(category: Column, size: Column) -> tuple[Column, Column]:
    """The ages in whole months from which and up to which a chain's good of a size, from 1, is used.

    Null: the category is no chain's. A feeding good is used until the next of them is due.
    """
    first = F.when(category == DIAPERS, (size - 1) * SIZE_DAYS).when(
        category == FEEDING, (size - 1) * FEEDING_DAYS + FIRST_FEEDING
    )
    lasts = F.when(category == DIAPERS, SIZE_DAYS).otherwise(FEEDING_DAYS)
    return whole(first / MONTH_DAYS), whole((first + lasts - 1) / MONTH_DAYS)


def feeding_day(draws: Draws, step: Column) -> Column:
    """The day on which the child's feeding good of a step, from 1, is bought; up to 20 days late."""
    late = draws.below(21, "feeding", F.col("person"), step)
    return F.col("birth_day") + FIRST_FEEDING + (step - 1) * FEEDING_DAYS + late


def _falls_due(draws: Draws, habit: str, days: Column, phase: Column) -> Column:
    """Whether the habit's turn nearest to the day is on the day."""
    turn = whole((F.col("day") - phase) / days + 0.5)
    shift = whole((draws.uniform(f"{habit} turn", F.col("person"), turn) - 0.5) * _JITTER * days + 0.5)
    return F.col("day") == phase + turn * days + shift


def _diapers(draws: Draws) -> Column:
    age = F.col("day") - F.col("birth_day")
    worn = (age >= 0) & (age < CHILD_DAYS)
    turn = _falls_due(draws, "diapers", F.lit(DIAPER_DAYS).cast("long"), F.col("birth_day"))
    return F.when(worn & turn, sized(DIAPERS, F.col("family"), diaper_size(age)))


def _feeding(draws: Draws) -> Column:
    age = F.col("day") - F.col("birth_day")
    step = whole((age - FIRST_FEEDING) / FEEDING_DAYS) + 1
    timely = (step >= 1) & (step <= SIZES) & (F.col("day") == feeding_day(draws, step))
    return F.when(timely, sized(FEEDING, F.col("family"), step))
