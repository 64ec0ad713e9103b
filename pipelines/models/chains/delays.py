"""How long until the next state: the share that has not come yet, day by day.

The product-limit estimate (Kaplan & Meier 1958) with delayed entry: on day t after the start,
`S(t) = product over u <= t of 1 - events(u) / at risk(u)`; at risk on day u are those who were watched before it and
neither had the event nor went out of sight before it. Who has not moved yet counts as long as we have watched.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.models.lines import Codes

Curve = NDArray[np.float64]


def survival(entry: Codes, until: Codes, moved: NDArray[np.bool_], days: int) -> Curve:
    """S of the days 0, 1, ..., `days`.

    Of four people one moves on day 2, one is out of sight after day 3, one moves on day 4, one has not by day 9: S(2) =
    3/4, S(4) = 3/4 * 1/2.

    Args:
        entry: Of each person the day after which they are watched.
        until: The day of the event, or the last day watched; above `entry`.
        moved: Whether it was the event.
        days: Where the curve ends.
    """
    ends = np.minimum(until, days + 1)
    events = np.bincount(ends[moved & (until <= days)], minlength=days + 2)[: days + 1]
    gone = np.bincount(ends + 1, minlength=days + 3)[: days + 1]
    come = np.bincount(np.minimum(entry, days + 1) + 1, minlength=days + 3)[: days + 1]
    at_risk = np.cumsum(come) - np.cumsum(gone)
    curve: Curve = np.cumprod(1 - np.divide(events, at_risk, out=np.zeros(days + 1), where=at_risk > 0))
    return curve


def chance(curve: Curve, elapsed: Codes, within: int) -> NDArray[np.float64]:
    """Of those not moved after `elapsed` days, the share that moves in the next `within`; 0 where none is left."""
    last = len(curve) - 1
    now, then = curve[np.clip(elapsed, 0, last)], curve[np.clip(elapsed + within, 0, last)]
    return np.divide(now - then, now, out=np.zeros(len(now)), where=now > 0)


def quantile(curve: Curve, elapsed: Codes, share: float) -> Codes:
    """Days from the start by which that share of those who will move has moved, of those not moved yet.

    `curve` ends above 0 where not everybody moves; they are left out. Where nobody moves any more: `elapsed`.
    """
    last = len(curve) - 1
    now = curve[np.clip(elapsed, 0, last)]
    level = now - share * (now - curve[-1])
    found = np.searchsorted(-curve, -level - 1e-12, side="left")
    return np.where(now > curve[-1], np.maximum(found, elapsed), elapsed).astype(np.int64)
