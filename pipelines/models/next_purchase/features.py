"""What is known of each customer and candidate good: one row of numbers a pair.

Of the pair itself: purchases faded with several half-lives of days and with several decays by visit (with the good's
repeat rate this is TREx-repeat, Li et al. 2023; with the neighbours below TIFU-KNN's two parts, Hu et al. 2020), each
as a share of the customer's visits faded alike; days and visits since the last purchase; the usual interval, its
spread, and how overdue the good is by it. Of the good's kind and category the same in short, and the good's share in
its kind. Of the good: its share of everybody's visits over three windows, repeat rate, and usual interval. Of the
customer: visits, their size and rhythm. Then scores of others: neighbours and ALS (`candidates`).

A ratio whose divisor does not exist yet (an interval of one purchase) is nan, which the trees take as a value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.models.next_purchase.market import WINDOWS, Market
from pipelines.models.next_purchase.visits import Ints, Purchases

HALF_LIVES = (10, 30, 90, 240)
BETAS = (0.7, 0.9, 0.95, 0.99)
Floats = NDArray[np.float32]
Named = dict[str, NDArray[np.floating]]


@dataclass(frozen=True)
class Pairs:
    """Customers and goods, ordered by both, with their features.

    Args:
        customer: Positions.
        good: Positions.
        own: Whether the customer bought the good before.
        values: One row a pair, in the order of `NAMES`.
    """

    customer: Ints
    good: Ints
    own: NDArray[np.bool_]
    values: Floats

    def column(self, name: str) -> Floats:
        """One feature of all pairs."""
        found: Floats = self.values[:, names().index(name)]
        return found


def features(purchases: Purchases, market: Market, pairs: tuple[Ints, Ints], scores: Named) -> Pairs:
    """The features of pairs, ordered by customer and good.

    Args:
        purchases: Of these customers.
        market: Of all.
        pairs: Customers and goods.
        scores: What others say of the same pairs.
    """
    customer, good = pairs
    times = _faded_visits(purchases)
    own = _Groups.of(purchases, purchases.good, market.goods)
    pair = customer * market.goods + good
    mine = own.features(pair, times, purchases, customer, "")
    named: Named = {**mine, **_of_goods(market, good, mine), **_of_customers(purchases, customer)}
    for name, group in (("kind", market.kind), ("category", market.category)):
        found = _Groups.of(purchases, group[purchases.good], market.goods)
        named |= found.brief(customer * market.goods + group[good], times, purchases, customer, name, mine)
    named |= scores
    values = np.column_stack([column.astype(np.float32) for column in named.values()])
    return Pairs(customer, good, own.places(pair) >= 0, values)


def names() -> tuple[str, ...]:
    """The features' names in the order of `Pairs.values`, less the scores that come last."""
    faded = [f"faded_{days}" for days in HALF_LIVES] + [f"decayed_{beta}" for beta in BETAS]
    pair = [
        *faded,
        "purchases",
        "days_since",
        "visits_since",
        "interval",
        "spread",
        "last_interval",
        "overdue",
        "overdue_visits",
        "days_known",
    ]
    good = [f"share_{window}" for window in WINDOWS] + [
        "trend",
        "repeat_rate",
        "good_interval",
        "good_overdue",
        "trex",
    ]
    customer = ["visits", "visit_size", "late_visit_size", "visit_interval", "days_since_visit"]
    group = [
        f"{name}_{what}"
        for name in ("kind", "category")
        for what in ("faded_30", "faded_240", "days_since", "overdue", "share", "goods")
    ]
    return (*pair, *good, *customer, *group)


def _faded_visits(purchases: Purchases) -> dict[float, NDArray[np.float64]]:
    """Of each customer the faded number of visits, by half-life and by decay."""
    customer, day = purchases.visits
    age = purchases.clock[customer] - day
    after = purchases.visits_of[customer] - 1 - _place_in(customer)
    weights = {float(half_life): 0.5 ** (age / half_life) for half_life in HALF_LIVES}
    weights |= {beta: beta ** after.astype(np.float64) for beta in BETAS}
    return {
        key: np.bincount(customer, weights=weight, minlength=purchases.customers).astype(np.float64)
        for key, weight in weights.items()
    }


def _place_in(groups: Ints) -> Ints:
    first = np.flatnonzero(np.diff(groups, prepend=-1))
    return np.arange(len(groups)) - first.repeat(np.diff(np.append(first, len(groups))))


@dataclass(frozen=True)
class _Groups:
    """A customer's visits with a good, or with any good of a group.

    Args:
        keys: Customer and group as one number, ascending.
        first: Where the rows of each begin.
        age: Days from each row to the clock, in the order of `keys`, oldest first.
        after: Visits after each row, likewise.
        goods: Different goods of each.
    """

    keys: Ints
    first: Ints
    age: Ints
    after: Ints
    goods: Ints

    @staticmethod
    def of(purchases: Purchases, group: Ints, size: int) -> _Groups:
        key = purchases.customer * size + group
        order = np.lexsort((purchases.day, key))
        key, day = key[order], purchases.day[order]
        opens = (np.diff(key, prepend=-1) != 0) | (np.diff(day, prepend=-1) != 0)
        keys, first = np.unique(key[opens], return_index=True)
        pair = np.unique(key * (size + 1) + purchases.good[order]) // (size + 1)
        age = (purchases.clock[purchases.customer] - purchases.day)[order][opens]
        goods = np.bincount(np.searchsorted(keys, pair), minlength=len(keys))
        return _Groups(keys, first, age, purchases.visits_since[order][opens], goods)

    def places(self, keys: Ints) -> Ints:
        """Where each key stands; -1 where it does not."""
        if not len(self.keys):
            return np.full(len(keys), -1)
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[place] == keys, place, -1)

    @property
    def last(self) -> Ints:
        return np.append(self.first[1:], len(self.age))[: len(self.first)] - 1

    def sums(self, weight: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.add.reduceat(weight, self.first) if len(self.first) else weight

    def rhythm(self) -> tuple[NDArray[np.floating], ...]:
        """How often, the mean interval in days and in visits, the spread of the former, and the last interval."""
        number = self.last - self.first + 1
        several = np.where(number > 1, number - 1.0, np.nan)
        interval = (self.age[self.first] - self.age[self.last]) / several
        visits = (self.after[self.first] - self.after[self.last]) / several
        gap = np.append(0, self.age[:-1] - self.age[1:]).astype(float)
        gap[self.first] = 0.0
        spread = np.sqrt(np.maximum(self.sums(gap**2) / several - interval**2, 0.0))
        return number.astype(float), interval, visits, spread, np.where(number > 1, gap[self.last], np.nan)

    def features(
        self,
        keys: Ints,
        times: dict[float, NDArray[np.float64]],
        purchases: Purchases,
        customer: Ints,
        name: str,
    ) -> Named:
        """Of pairs of a customer and a good."""
        number, interval, visits, spread, last = self.rhythm()
        since, after = self.age[self.last].astype(float), self.after[self.last].astype(float)
        found: Named = {}
        place = self.places(keys)

        def put(feature: str, value: NDArray[np.floating], nothing: float) -> None:
            found[name + feature] = np.where(place >= 0, np.append(value, nothing)[place], nothing)

        for half_life in HALF_LIVES:
            put(f"faded_{half_life}", self.sums(0.5 ** (self.age / half_life)), 0.0)
            found[f"faded_{half_life}"] = found[f"faded_{half_life}"] / (times[half_life][customer] + 0.5)
        for beta in BETAS:
            put(f"decayed_{beta}", self.sums(beta ** self.after.astype(float)), 0.0)
            found[f"decayed_{beta}"] = found[f"decayed_{beta}"] / (times[beta][customer] + 0.5)
        put("purchases", number, 0.0)
        put("days_since", since, np.nan)
        put("visits_since", after, np.nan)
        put("interval", interval, np.nan)
        put("spread", spread, np.nan)
        put("last_interval", last, np.nan)
        put("overdue", since / interval, np.nan)
        put("overdue_visits", (after + 1) / visits, np.nan)
        put("days_known", self.age[self.first].astype(float), np.nan)
        return found

    def brief(
        self,
        keys: Ints,
        times: dict[float, NDArray[np.float64]],
        purchases: Purchases,
        customer: Ints,
        name: str,
        mine: Named,
    ) -> Named:
        """Of pairs of a customer and a good's group: the group's features, and the good's share in it."""
        _, interval, *_ = self.rhythm()
        since, place = self.age[self.last].astype(float), self.places(keys)
        found: Named = {}

        def put(feature: str, value: NDArray[np.floating], nothing: float) -> None:
            found[f"{name}_{feature}"] = np.where(place >= 0, np.append(value, nothing)[place], nothing)

        for half_life in (30, 240):
            put(f"faded_{half_life}", self.sums(0.5 ** (self.age / half_life)), 0.0)
            found[f"{name}_faded_{half_life}"] /= times[half_life][customer] + 0.5
        put("days_since", since, np.nan)
        put("overdue", since / interval, np.nan)
        found[f"{name}_share"] = mine["faded_240"] / (found[f"{name}_faded_240"] + 1e-9)
        put("goods", self.goods.astype(float), 0.0)
        return found


def _of_goods(market: Market, good: Ints, mine: Named) -> Named:
    shares = {f"share_{window}": share[good] for window, share in zip(WINDOWS, market.shares, strict=True)}
    rate, interval = market.repeat_rate[good], market.gap[good]
    return {
        **shares,
        "trend": (market.shares[0][good] + 1e-5) / (market.shares[-1][good] + 1e-5),
        "repeat_rate": rate,
        "good_interval": interval,
        "good_overdue": mine["days_since"] / interval,
        "trex": mine["decayed_0.95"] * rate**0.3,
    }


def _of_customers(purchases: Purchases, customer: Ints) -> Named:
    owner, day = purchases.visits
    number = np.maximum(purchases.visits_of, 1)
    first = np.full(purchases.customers, np.iinfo(np.int64).max)
    last = np.full(purchases.customers, np.iinfo(np.int64).min)
    np.minimum.at(first, owner, day)
    np.maximum.at(last, owner, day)
    late = purchases.visits_since < 5
    size = np.bincount(purchases.customer, minlength=purchases.customers) / number
    late_size = np.bincount(purchases.customer[late], minlength=purchases.customers) / np.minimum(number, 5)
    interval = np.where(number > 1, (last - first) / np.maximum(number - 1, 1), np.nan)
    since = np.where(purchases.visits_of > 0, purchases.clock - last, np.nan)
    of = {
        "visits": number.astype(float),
        "visit_size": size,
        "late_visit_size": late_size,
        "visit_interval": interval,
        "days_since_visit": since,
    }
    return {name: value[customer] for name, value in of.items()}
