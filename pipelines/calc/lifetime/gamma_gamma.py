"""Gamma-Gamma: how much a customer spends when they buy (Fader, Hardie 2013).

A purchase's value is Gamma(p, nu) about the customer's own mean, and nu is Gamma(q, v) over the customers; how much
somebody spends says nothing of how often. Of a customer two numbers tell all: `x`, how many purchases, and `mean`,
what one of them came to.

Source: P. Fader, B. Hardie, The Gamma-Gamma Model of Monetary Value, brucehardie.com/notes/025, 2013; `v` is their
gamma.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from pipelines.calc.lifetime.likelihood import Floats, NoFit, highest, weighted


@dataclass(frozen=True)
class GammaGamma:
    """The three parameters; `v` is in the unit of the amounts."""

    p: float
    q: float
    v: float

    @property
    def population_mean(self) -> float:
        """What a purchase of somebody unknown comes to, `v p / (q - 1)`.

        >>> round(GammaGamma(p=6.25, q=3.74, v=15.44).population_mean, 2)
        35.22
        """
        return self.v * self.p / (self.q - 1.0)

    def expected_value(self, x: ArrayLike, mean: ArrayLike) -> Floats:
        """What a purchase of this customer comes to on average: between their own mean and everybody's (eq. 5).

        >>> GammaGamma(p=6.25, q=3.74, v=15.44).expected_value([2, 0], [22.35, 0]).round(2)
        array([24.66, 35.22])
        """
        x, mean = (np.asarray(value, dtype=np.float64) for value in (x, mean))
        found: Floats = self.p * (self.v + x * mean) / (self.p * x + self.q - 1.0)
        return found

    def log_likelihood(self, x: ArrayLike, mean: ArrayLike) -> Floats:
        """Of each customer with a purchase (eq. 1a)."""
        x, mean = (np.asarray(value, dtype=np.float64) for value in (x, mean))
        p, q, v = self.p, self.q, self.v
        found: Floats = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
        found += (p * x - 1.0) * np.log(mean) + p * x * np.log(x) - (p * x + q) * np.log(v + x * mean)
        return found


def fit_gamma_gamma(x: ArrayLike, mean: ArrayLike, people: ArrayLike | None = None) -> GammaGamma:
    """The parameters of the highest likelihood.

    Args:
        x: Purchases of each cell, at least 1.
        mean: What one of them came to, above 0.
        people: How many customers are in each cell; null: one.

    Raises:
        NoFit: there is no such customer, or the mean of everybody has no bound (`q <= 1`).
    """
    x, mean = (np.asarray(value, dtype=np.float64) for value in (x, mean))
    counts = weighted(None if people is None else np.asarray(people), x)
    if not len(x) or np.any(x < 1) or np.any(mean <= 0):
        raise NoFit("no purchase has a value, or one is not above 0")
    whole = counts.sum()
    scale = float(np.sum(counts * mean) / whole)  # the search works in mean values

    def of(parameters: Floats) -> float:
        p, q, v = (float(value) for value in parameters)
        return float(np.sum(counts * GammaGamma(p, q, v).log_likelihood(x, mean / scale)) / whole)

    p, q, v = highest(of, [(2.0, 3.0, 1.0), (6.0, 4.0, 0.5)])
    if q <= 1.0:
        raise NoFit("values are spread so widely that their mean has no bound")
    return GammaGamma(float(p), float(q), float(v * scale))
