"""Random draws as Columns: each a pure function of the seed, a purpose and ids.

A draw depends on no row order, partition, core or run: the same (seed, purpose, ids) give the same value for
ever, and another purpose or id gives one that is independent of it for every practical end. The bits are
xxHash64 (Collet, 2012), whose avalanche passes SMHasher, so consecutive ids make unrelated draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, log, pi

from pyspark.sql import Column
from pyspark.sql import functions as F

_TAIL = 1e-12


@dataclass(frozen=True)
class Draws:
    """The draws of one world."""

    seed: int

    def bits(self, purpose: str, *ids: Column) -> Column:
        """64 bits as a LONG. Ids are whole numbers and never null."""
        return F.xxhash64(F.lit(self.seed).cast("long"), F.lit(purpose), *(i.cast("long") for i in ids))

    def uniform(self, purpose: str, *ids: Column) -> Column:
        """A DOUBLE of [0, 1): the upper 53 bits, so that each value is exact."""
        return F.shiftrightunsigned(self.bits(purpose, *ids), 11) * F.lit(2.0**-53)

    def chance(self, probability: Column | float, purpose: str, *ids: Column) -> Column:
        """True with this probability."""
        return self.uniform(purpose, *ids) < probability

    def below(self, limit: Column | int, purpose: str, *ids: Column) -> Column:
        """A LONG of 0 .. limit - 1, each as likely."""
        return whole(self.uniform(purpose, *ids) * limit)

    def token(self, purpose: str, *ids: Column) -> Column:
        """16 hexadecimal digits: an id that says nothing of what it was made from."""
        return F.lower(F.lpad(F.hex(self.bits(purpose, *ids)), 16, "0"))

    def normal(self, mean: float, deviation: float, purpose: str, *ids: Column) -> Column:
        """A normal DOUBLE, by Box and Muller's transform (1958) of two uniforms."""
        radius = F.sqrt(F.log(1 - self.uniform(f"{purpose}, radius", *ids)) * -2)
        angle = F.cos(self.uniform(f"{purpose}, angle", *ids) * (2 * pi))
        return radius * angle * deviation + mean


def whole(number: Column) -> Column:
    """The number rounded down, as a LONG."""
    return F.floor(number).cast("long")


def choice(uniform: Column, weights: Sequence[float]) -> Column:
    """The place, from 0, of one of some things, each as likely as its share of the weights; a LONG.

    Example: weights (1, 3) give 0 below .25 and 1 from there on.
    """
    total = sum(weights)
    return _steps(uniform, [upper / total for upper in accumulate(weights)][:-1])


def at(things: Sequence[str | int | float], place: Column) -> Column:
    """The thing at a place, from 0; null for a place that is null or negative (Sail's `get` counts from the end)."""
    return F.when(place >= 0, F.get(F.array(*map(F.lit, things)), place.cast("int")))


def poisson(uniform: Column, mean: float) -> Column:
    """A Poisson LONG, by inversion of its distribution, cut where less than 1e-12 is left.

    Raises:
        ValueError: the mean is not above 0 and at most 30.
    """
    if not 0 < mean <= 30:
        raise ValueError(f"a mean of 0 to 30, not {mean}")
    uppers: list[float] = []
    term, left = exp(-mean), 1.0
    while left > _TAIL and len(uppers) < 200:
        left -= term
        uppers.append(1.0 - left)
        term *= mean / len(uppers)
    return _steps(uniform, uppers[:-1])


def geometric(uniform: Column, mean: float) -> Column:
    """How many failures come before the first success, with this mean; a LONG from 0.

    floor(ln(1 - u) / ln(q)) with q = mean / (1 + mean), by inversion.
    """
    return whole(F.log(1 - uniform) / log(mean / (1 + mean)))


def rank(uniform: Column, count: int) -> Column:
    """A rank below `count`, the first being the likeliest, near Zipf's law; a LONG from 0.

    P(r) = log((r + 2) / (r + 1)) / log(count + 1), by inversion of the log-uniform distribution:
    floor((count + 1) ^ u) - 1.
    """
    last = F.lit(count - 1).cast("long")
    return F.least(whole(F.pow(F.lit(float(count + 1)), uniform)) - 1, last)


def _steps(uniform: Column, uppers: Sequence[float]) -> Column:
    """In which interval a uniform falls: a CASE that ends at the first upper end above it."""
    if not uppers:
        return F.lit(0).cast("long")
    found = F.when(uniform < uppers[0], F.lit(0))
    for place, upper in enumerate(uppers[1:], start=1):
        found = found.when(uniform < upper, F.lit(place))
    return found.otherwise(F.lit(len(uppers))).cast("long")
