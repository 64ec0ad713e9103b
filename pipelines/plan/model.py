"""What a stage costs, as a sum of what it is made of; fitted to measured points.

    cost = fixed + a x lines + b x events + c x rows standing + d x people

`lines` and `events` arrive; what stands is both kinds together. No coefficient is negative, and each point's error
counts relative to the point (non-negative least squares: Lawson, Hanson, Solving Least Squares Problems, 1974, ch. 23).
By which power of that sum the cost truly grew is asked of the two largest runs from nothing; an exponent above 1 bends
all that lies beyond the largest measured run:

    cost x (rows / most rows measured) ** (exponent - 1)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from scipy.optimize import nnls

from pipelines.plan.measured import Point

Cost = Callable[[Point], float]


@dataclass(frozen=True)
class Fitted:
    """The cost of one stage.

    Args:
        fixed: Of any run, however small.
        line: For a line that arrives.
        event: For an event that arrives.
        standing: For a line or an event that stands.
        person: For a person who may have bought.
        exponent: By which power of its rows the cost grows; at least 1.
        most: Rows of the largest measured run.
    """

    fixed: float
    line: float
    event: float
    standing: float
    person: float
    exponent: float = 1.0
    most: int = 0

    def parts(self, load: Point) -> dict[str, float]:
        """The cost by what it is for; seconds and bytes of the load are not asked.

        >>> day = Point("build", 100, 10, 5, 0, 0, 0, 0, standing_lines=1000)
        >>> Fitted(fixed=2, line=0.1, event=0.2, standing=0.01, person=1).parts(day)
        {'fixed': 2, 'arriving': 12.0, 'standing': 10.0, 'people': 5.0}
        """
        bent = max(load.rows / self.most, 1.0) ** (self.exponent - 1) if self.most else 1.0
        stands = load.standing_lines + load.standing_events
        grown = {
            "arriving": self.line * load.lines + self.event * load.events,
            "standing": self.standing * stands,
            "people": self.person * load.people,
        }
        return {"fixed": self.fixed, **{name: part * bent for name, part in grown.items()}}

    def of(self, load: Point) -> float:
        """The cost of a run."""
        return sum(self.parts(load).values())


def fitted(points: Sequence[Point], cost: Cost) -> Fitted:
    """The coefficients that are nearest to the points of one stage.

    >>> def p(lines, cpu): return Point("build", lines, 0, 0, 0, cpu, 0, 0)
    >>> found = fitted([p(0, 2.0), p(100, 12.0), p(1000, 102.0)], lambda point: point.cpu_seconds)
    >>> round(found.fixed, 6), round(found.line, 6), found.event
    (2.0, 0.1, 0.0)
    """
    costs = np.array([max(cost(point), 1e-9) for point in points])
    rows = np.array([_made_of(point) for point in points], dtype=float)
    scale = np.maximum(rows.max(axis=0), 1.0)
    found, _ = nnls(rows / scale / costs[:, None], np.ones(len(costs)))
    most = max(point.rows for point in points)
    coefficients = (found / scale).tolist()
    linear = Fitted(*coefficients)
    return replace(linear, exponent=max(1.0, _exponent(points, cost, linear)), most=most)


def _made_of(point: Point) -> tuple[int, ...]:
    return 1, point.lines, point.events, point.standing_lines + point.standing_events, point.people


def _exponent(points: Sequence[Point], cost: Cost, linear: Fitted) -> float:
    """Between the two largest runs from nothing, less what any run costs.

    1 where there are no two, or where what any run costs is most of either: the rest is then too little to tell.
    """
    anew = sorted((p for p in points if p.rows == p.lines + p.events), key=lambda p: p.rows)[-2:]
    grown = [cost(point) - linear.fixed for point in anew]
    straight = [linear.of(point) - linear.fixed for point in anew]
    if len(anew) < 2 or min(grown) <= linear.fixed or straight[1] <= straight[0] or straight[0] <= 0:
        return 1.0
    return math.log(grown[1] / grown[0]) / math.log(straight[1] / straight[0])


def errors(points: Sequence[Point], cost: Cost) -> tuple[float, float]:
    """The middle and the largest error of the points of one stage, as a share of each.

    A point is foretold by a model of the others, which has never seen it.
    """
    found = []
    for point in points:
        others = fitted([other for other in points if other is not point], cost)
        found.append(abs(others.of(point) / max(cost(point), 1e-9) - 1))
    return median(found), max(found)
