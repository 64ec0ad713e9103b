"""The highest likelihood of a few positive parameters, found the same way every time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
_EDGE = 6.0
"""Logarithms of the parameters stay within this; e**6 is some 400. People who are all alike drive a shape on for ever:
at 400 they differ by a twentieth, and beyond it the hypergeometric function of BG/NBD is no number any more."""


class NoFit(ValueError):
    """No parameters fit: there is too little in the data to tell, or the search did not settle."""


def highest(log_likelihood: Callable[[Floats], float], starts: Sequence[Sequence[float]]) -> Floats:
    """The positive parameters of the highest log-likelihood, searched from several starts.

    The search is L-BFGS-B over the parameters' logarithms, so that none can become negative.

    Args:
        log_likelihood: Of parameters; a mean per person, so that its size does not grow with the people.
        starts: Where to search from; all positive. Of equal ends the first counts.

    Raises:
        NoFit: no search came to a finite likelihood.
    """
    best: tuple[float, Floats] | None = None
    for start in starts:
        found = minimize(
            lambda logs: -log_likelihood(np.exp(logs)),
            np.clip(np.log(np.asarray(start, dtype=np.float64)), -_EDGE, _EDGE),
            method="L-BFGS-B",
            bounds=[(-_EDGE, _EDGE)] * len(start),
            options={"ftol": 1e-11, "gtol": 1e-6},
        )
        if np.isfinite(found.fun) and (best is None or found.fun < best[0] - 1e-12):
            best = (float(found.fun), np.exp(found.x))
    if best is None:
        raise NoFit("no parameters with a finite likelihood were found")
    return best[1]


def weighted(weights: Floats | None, like: Floats) -> Floats:
    """How many people each cell stands for; one each where nothing else is said."""
    return np.ones(len(like)) if weights is None else np.asarray(weights, dtype=np.float64)
