"""Finding the transitions: which order of two states is more than chance, and how long it takes.

**Test.** Of a person who came to both states, a *precedes* b where the median day of a lies before that of b, at most
`max_delay_days`. Played backwards every median stays in its place and the order turns round, so a process that looks
the same in either direction (of two goods that are bought now and then the commoner one begins sooner, and also ends
later) has as many persons with a before b as with b before a. This is the time-reversal null, and the test a sign test.
What is left is the calendar: everybody meets late what came late into the shop. So the chance of a before b is taken
from persons who have nothing to do with each other,

    p0(a, b) = P(a precedes b) / (P(a precedes b) + P(b precedes a)),   the days of a and of b of two different persons,

and the order is a transition where the binomial probability of n(a, b) or more out of n(a, b) + n(b, a) at max(p0, 1/2)
is below `max_false` after Benjamini & Hochberg (1995) over all pairs that were tested, n(a, b) is at least
`min_support`, and its share at least `min_share`.

**Reduction.** Of a -> b, b -> c and a -> c the last is left out: size 3 follows size 1 by way of size 2.

**When.** The delay's curve (`delays`) counts from the first day in a, for persons whose first day lies `burn_in_days`
into the data, since before that it may not be their first. Where children's birth days are given, each state has a
curve of the child's age as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from pipelines.models.chains.delays import survival
from pipelines.models.chains.features import Firsts, birth_days, firsts, ordered_pairs, states_of, supported
from pipelines.models.chains.learned import Learned, Transition
from pipelines.models.chains.score import Chains
from pipelines.models.lines import Codes, Frame, Lines, read

SAMPLE = 2_000  # of each state's persons, for the chance by the calendar alone
FOLLOWERS = 5  # goods kept of each state, by the good before: the first that may be offered is named


@dataclass(frozen=True)
class ChainParams:
    """What counts as a transition.

    Args:
        min_support: Persons who went from the one to the other, at least.
        min_share: Of those who came to both states, the share in this order, at least.
        max_false: Of the transitions that are found, the share that may be chance.
        max_delay_days: From the one to the other, at most.
        max_age_days: Of a child, for its clock.
        burn_in_days: The data's first days, in which a first purchase may not be the first.
    """

    min_support: int = 5
    min_share: float = 0.52
    max_false: float = 0.01
    max_delay_days: int = 365
    max_age_days: int = 2_200
    burn_in_days: int = 60


@dataclass(frozen=True)
class _Tested:
    """Pairs of states, each in the order in which it was met oftener."""

    a: Codes
    b: Codes
    forth: Codes
    back: Codes


def fit(
    lines: Frame,
    *,
    as_of: date,
    states: Frame | None = None,
    born: Frame | None = None,
    params: ChainParams | None = None,
) -> Chains:
    """Learn the transitions from the lines of days before `as_of`.

    Args:
        lines: `customer_id, basket_id, purchased_at, product_id, quantity`.
        as_of: The first day that is not looked at.
        states: See `features.states_of`; null: goods follow goods.
        born: `customer_id, born_on`: children's birth days, where they are known.
        params: Null: the defaults.

    Raises:
        DataError: see `lines.read` and `features.states_of`.
    """
    known = read(lines, as_of=as_of)
    births = birth_days(known.customer_ids, born)
    learned, been = learn(known, states, births, params or ChainParams())
    return Chains(known.as_of, known.customer_ids, been, births, learned)


def learn(
    known: Lines, states: Frame | None, births: NDArray[np.float64], params: ChainParams
) -> tuple[Learned, Firsts]:
    """What the lines say, and where each person has been; see `fit`."""
    of = states_of(known.product_ids, states)
    been = firsts(known.customer, known.product, known.day, of.of_product)
    found = supported(been, of, params.min_support)
    first, second = ordered_pairs(found, of.chain, max_delay_days=params.max_delay_days)
    tested = _tested(len(of.names), found, first, second, params)
    kept, false = _significant(len(of.names), found, tested, params)
    reduced = _reduced(
        [_transition(known, found, params, tested, int(place), float(false[place])) for place in kept]
    )
    ages = _ages(known, found, births, reduced, params)
    follow = _follow(found, first, second, reduced)
    return Learned(of.names, known.product_ids, of.of_product, reduced, ages, follow), been


def _tested(names: int, found: Firsts, first: Codes, second: Codes, params: ChainParams) -> _Tested:
    states = max(names, 1)
    key, count = np.unique(found.state[first] * states + found.state[second], return_counts=True)
    turned = (key % states) * states + key // states
    place = np.minimum(np.searchsorted(key, turned), max(len(key) - 1, 0))
    back = np.where(key[place] == turned, count[place], 0) if len(key) else count
    kept = (count >= params.min_support) & (count > back)
    return _Tested(key[kept] // states, key[kept] % states, count[kept], back[kept])


def _significant(
    names: int, found: Firsts, tested: _Tested, params: ChainParams
) -> tuple[Codes, NDArray[np.float64]]:
    """Places of the transitions among the tested pairs, and of each tested pair its adjusted probability."""
    order = np.lexsort((found.customer, found.state))
    bounds = np.searchsorted(found.state[order], np.arange(names + 1))
    days = [_sample(found.middle[order[low:high]]) for low, high in pairwise(bounds)]
    total = tested.forth + tested.back
    p = binom.sf(tested.forth - 1, total, 0.5)
    for place in np.flatnonzero(p <= params.max_false):  # the calendar can only raise it
        chance = _null(days[tested.a[place]], days[tested.b[place]], params.max_delay_days)
        p[place] = binom.sf(tested.forth[place] - 1, total[place], max(chance, 0.5))
    rank = np.argsort(p)
    adjusted = np.empty(len(p))
    steps = p[rank] * len(p) / np.arange(1, len(p) + 1)
    adjusted[rank] = np.minimum.accumulate(steps[::-1])[::-1].clip(max=1.0)
    good = (adjusted <= params.max_false) & (tested.forth >= params.min_share * total)
    return np.flatnonzero(good), adjusted


def _sample(days: Codes) -> Codes:
    """At most `SAMPLE` rows, evenly spread."""
    return days[np.linspace(0, len(days) - 1, min(len(days), SAMPLE)).astype(np.int64)]


def _null(a: Codes, b: Codes, reach: int) -> float:
    """The chance that b comes after a rather than before, by the median days of different persons."""
    apart = b - a[:, np.newaxis]
    near = np.abs(apart) <= 2 * reach
    after, before = int(((apart > 0) & near).sum()), int(((apart < 0) & near).sum())
    return after / (after + before) if after + before else 0.5


def _transition(
    lines: Lines, found: Firsts, params: ChainParams, tested: _Tested, place: int, false: float
) -> Transition:
    a, b = int(tested.a[place]), int(tested.b[place])
    came = _days(found, b, len(lines.customer_ids))
    rows = np.flatnonzero(found.state == a)
    start, event = found.day[rows], came[found.customer[rows]]
    late = start >= int(lines.day.min()) + params.burn_in_days
    for watched in (late & ~(event <= start), ~(event <= start)):
        moved = ~np.isnan(event) & watched
        if moved.sum() >= params.min_support:
            break
    end = np.where(np.isnan(event), lines.as_of_day - 1, event)[watched].astype(np.int64) - start[watched]
    seen = end > 0
    curve = survival(
        np.zeros(int(seen.sum()), dtype=np.int64), end[seen], moved[watched][seen], params.max_delay_days
    )
    return Transition(a, b, int(tested.forth[place]), int(tested.back[place]), false, curve)


def _days(found: Firsts, state: int, customers: int) -> NDArray[np.float64]:
    """Of each person the first day in the state; NaN: none."""
    days, rows = np.full(customers, np.nan), found.state == state
    days[found.customer[rows]] = found.day[rows]
    return days


def _reduced(found: list[Transition]) -> tuple[Transition, ...]:
    """Without those that two others, one after the other, stand for."""
    after: dict[int, set[int]] = {}
    for one in found:
        after.setdefault(one.a, set()).add(one.b)
    nothing: set[int] = set()
    return tuple(
        one
        for one in found
        if not any(one.b in after.get(between, nothing) for between in after[one.a] - {one.b})
    )


def _ages(
    lines: Lines,
    found: Firsts,
    births: NDArray[np.float64],
    kept: tuple[Transition, ...],
    params: ChainParams,
) -> dict[int, NDArray[np.float64]]:
    """Of each state of a transition the curve of the child's age at the first purchase, where enough are known."""
    watched_from = int(lines.day.min()) + params.burn_in_days
    entry = np.maximum(watched_from - births, 0.0)
    curves = {}
    for state in sorted({end for one in kept for end in (one.a, one.b)}):
        age = _days(found, state, len(births)) - births
        until = np.where(np.isnan(age), lines.as_of_day - 1 - births, age)
        seen = ~np.isnan(births) & (until > entry)
        moved = ~np.isnan(age[seen])
        if moved.sum() >= params.min_support:
            whole = (entry[seen].astype(np.int64), until[seen].astype(np.int64))
            curves[state] = survival(*whole, moved, params.max_age_days)
    return curves


def _follow(
    found: Firsts, first: Codes, second: Codes, kept: tuple[Transition, ...]
) -> dict[tuple[int, int], tuple[int, ...]]:
    """By state and the good of the state before it, the goods that most went on to; by state and -1, of all."""
    span = int(found.state.max(initial=0)) + 1
    wanted = np.array([one.a * span + one.b for one in kept], dtype=np.int64)
    rows = np.isin(found.state[first] * span + found.state[second], wanted)
    state, good, origin = found.state[second[rows]], found.product[second[rows]], found.product[first[rows]]
    cells = np.stack(
        [np.tile(state, 2), np.append(origin, np.full(len(origin), -1)), np.tile(good, 2)], axis=1
    )
    steps, count = np.unique(cells, axis=0, return_counts=True)
    follow: dict[tuple[int, int], tuple[int, ...]] = {}
    for place in np.lexsort((steps[:, 2], -count, steps[:, 1], steps[:, 0])):
        key, good_after = (int(steps[place, 0]), int(steps[place, 1])), int(steps[place, 2])
        if len(follow.setdefault(key, ())) < FOLLOWERS:
            follow[key] += (good_after,)
    return follow
