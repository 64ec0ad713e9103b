"""BG/NBD: how often a customer buys, and whether they still do (Fader, Hardie, Lee 2005).

A living customer buys as a Poisson process of their own rate, which is Gamma(r, alpha) over the customers, and after
each purchase stops for good with a probability of their own, which is Beta(a, b). Of a customer three numbers tell
all: `x`, the repeat purchases; `t_x`, the time from the first purchase to the last; `T`, that from the first until now.

Source: P. Fader, B. Hardie, K. L. Lee, "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model,
Marketing Science 24 (2), 2005. The equations' numbers below are the paper's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, hyp2f1

from pipelines.calc.lifetime.likelihood import Floats, NoFit, highest, weighted

_SINGULAR = 1e-6  # equation 10 divides by a - 1; within this of 1 it is taken a little beside


@dataclass(frozen=True)
class BgNbd:
    """The four parameters; `alpha` is in the unit of time that the model was fitted in."""

    r: float
    alpha: float
    a: float
    b: float

    def probability_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """That a customer has not stopped: 1 without a repeat purchase, since one stops only after one (eq. 8).

        >>> BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426).probability_alive([0, 2], [0, 30.43], [38.86, 38.86]).round(3)
        array([1.   , 0.727])
        """
        x, t_x, T = (np.asarray(value, dtype=np.float64) for value in (x, t_x, T))
        odds = self.a / (self.b + np.maximum(x, 1.0) - 1.0)
        with np.errstate(over="ignore"):  # odds without end: surely gone
            stopped = odds * np.exp((self.r + x) * np.log((self.alpha + T) / (self.alpha + t_x)))
        alive: Floats = 1.0 / (1.0 + np.where(x > 0, stopped, 0.0))
        return alive

    def expected_purchases(self, time: float, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """How many purchases the next `time` brings, on average over what is not known of the customer (eq. 10).

        The hypergeometric function is taken after Euler's transformation, in which nothing grows with `x`. The paper's
        customer of two repeat purchases is expected to buy 1.226 times in the next 39 weeks:

        >>> cdnow = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
        >>> cdnow.expected_purchases(39, [2], [30.43], [38.86]).round(3)
        array([1.226])
        """
        alive = self.probability_alive(x, t_x, T)
        x, T = (np.asarray(value, dtype=np.float64) for value in (x, T))
        a = self.a + _SINGULAR if abs(self.a - 1.0) < _SINGULAR else self.a
        c = a + self.b + x - 1.0
        z = time / (self.alpha + T + time)
        unbought = np.power(1.0 - z, a - 1.0) * hyp2f1(a + self.b - 1.0 - self.r, a - 1.0, c, z)
        bought: Floats = c / (a - 1.0) * (1.0 - unbought) * alive
        return np.maximum(bought, 0.0)

    def log_likelihood(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """Of each customer (eq. 6), in logarithms throughout."""
        x, t_x, T = (np.asarray(value, dtype=np.float64) for value in (x, t_x, T))
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        common = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        common += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        living = -(r + x) * np.log(alpha + T)
        stopped = np.log(a) - np.log(b + np.maximum(x, 1.0) - 1.0) - (r + x) * np.log(alpha + t_x)
        found: Floats = common + np.logaddexp(living, np.where(x > 0, stopped, -np.inf))
        return found


def fit_bg_nbd(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, people: ArrayLike | None = None) -> BgNbd:
    """The parameters of the highest likelihood.

    Args:
        x: Repeat purchases of each cell.
        t_x: Time from the first purchase to the last; 0 where `x` is.
        T: Time from the first purchase until now, in the same unit; not before `t_x`.
        people: How many customers are in each cell; null: one.

    Raises:
        NoFit: nobody has bought twice, or the numbers contradict each other.
    """
    x, t_x, T = (np.asarray(value, dtype=np.float64) for value in (x, t_x, T))
    counts = weighted(None if people is None else np.asarray(people), x)
    if not np.any(x > 0):
        raise NoFit("nobody has bought a second time")
    if np.any(t_x > T) or np.any(x < 0) or np.any((x == 0) & (t_x > 0)):
        raise NoFit("a last purchase lies after the end, or a time without a repeat purchase")
    whole = counts.sum()
    scale = max(float(np.sum(counts * T) / whole), 1e-9)  # the search works in mean lifetimes
    rate = max(float(np.sum(counts * x) / whole), 1e-3)

    def mean(parameters: Floats) -> float:
        r, alpha, a, b = (float(value) for value in parameters)
        return float(np.sum(counts * BgNbd(r, alpha, a, b).log_likelihood(x, t_x / scale, T / scale)) / whole)

    r, alpha, a, b = highest(mean, [(1.0, 1.0 / rate, 1.0, 3.0), (0.3, 0.1, 0.5, 2.0)])
    return BgNbd(float(r), float(alpha * scale), float(a), float(b))
