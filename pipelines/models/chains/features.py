"""Of each person and state the first day and the median one, and the pairs of states in the order they came in.

A *state* is a good, or what goods have in common, such as a size; states that can follow each other stand in one
*chain*, such as a category. Of a person and state the first day counts and the median one, so that what is bought
again and again counts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.errors import DataError
from pipelines.models.lines import ANONYMOUS, Codes, Frame, Lines, arrow, coded, places

WHOLE = "all goods"


@dataclass(frozen=True)
class Firsts:
    """One row per person and state, by person, then chain, then first day.

    Args:
        names: Of each state its chain and its name.
        chain: Of each state the number of its chain.
        customer: Of each row.
        state: Of each row.
        day: The first day, since 1970-01-01.
        middle: Twice the median day, so that it is whole.
        product: The good of the first day.
    """

    names: tuple[tuple[str, Any], ...]
    chain: Codes
    customer: Codes
    state: Codes
    day: Codes
    middle: Codes
    product: Codes


def firsts(lines: Lines, states: Frame | None, *, min_support: int) -> Firsts:
    """First purchases of the states that at least `min_support` persons have bought, in chains of two or more.

    Args:
        lines: What was bought; lines of nobody known do not count.
        states: `product_id, chain, state`, one row a good; a good without a row, or with a null, is in no chain. Null:
            every good is a state of its own, in one chain.
        min_support: Of fewer persons nothing can be said.

    Raises:
        DataError: a column of `states` is missing, or a good has two states.
    """
    names, of_product = _states(lines, states)
    state = of_product[lines.product]
    known = (state >= 0) & (lines.customer != ANONYMOUS)
    customer, state = lines.customer[known], state[known]
    day, product = lines.day[known], lines.product[known]
    order = np.lexsort((product, day, state, customer))
    customer, state, day, product = (each[order] for each in (customer, state, day, product))
    first = np.ones(len(customer), dtype=bool)
    first[1:] = (customer[1:] != customer[:-1]) | (state[1:] != state[:-1])
    start = np.flatnonzero(first)
    count = np.diff(np.append(start, len(first)))
    middle = day[start + (count - 1) // 2] + day[start + count // 2]
    customer, state, day, product = (each[first] for each in (customer, state, day, product))
    _, chain = np.unique(np.array([name for name, _ in names], dtype=object).astype(str), return_inverse=True)
    enough = np.bincount(state, minlength=len(names)) >= min_support
    several = np.bincount(chain, weights=enough, minlength=len(names)) >= 2
    kept = (enough & several[chain])[state]
    customer, state, day, middle, product = (each[kept] for each in (customer, state, day, middle, product))
    order = np.lexsort((state, day, chain[state], customer))
    return Firsts(
        names, chain.astype(np.int64), *(each[order] for each in (customer, state, day, middle, product))
    )


def ordered_pairs(found: Firsts, *, max_delay_days: int) -> tuple[Codes, Codes]:
    """Rows of `found`, earlier and later, of one person and chain, by their median days.

    These are at most `max_delay_days` apart; rows with the same median day are not in order.
    """
    span = int(found.chain.max(initial=0)) + 1
    order = np.lexsort((found.state, found.middle, found.chain[found.state], found.customer))
    group = (found.customer * span + found.chain[found.state])[order]
    later = np.searchsorted(group, group, side="right") - np.arange(len(group)) - 1
    first = np.repeat(np.arange(len(group)), later)
    second = first + 1 + np.arange(len(first)) - np.searchsorted(first, first)
    first, second = order[first], order[second]
    apart = found.middle[second] - found.middle[first]
    kept = (apart > 0) & (apart <= 2 * max_delay_days)
    return first[kept], second[kept]


def birth_days(lines: Lines, born: Frame | None) -> NDArray[np.float64]:
    """Of each person the day on which their child was born, since 1970-01-01; NaN: not known.

    Args:
        lines: Whose persons.
        born: `customer_id, born_on`; of several children the youngest counts. Null: of nobody is it known.
    """
    days = np.full(len(lines.customer_ids), np.nan)
    if born is not None:
        table = arrow(born, ("customer_id", "born_on"))
        place = places(table["customer_id"], lines.customer_ids)
        given = pc.cast(pc.cast(table["born_on"], pa.date32()), pa.int32()).to_numpy(zero_copy_only=False)
        there = (place >= 0) & ~np.isnan(given.astype(float))
        np.fmax.at(days, place[there], given[there].astype(float))
    return days


def _states(lines: Lines, states: Frame | None) -> tuple[tuple[tuple[str, Any], ...], Codes]:
    """The states' names, and of each good its state; -1: none."""
    if states is None:
        goods = lines.product_ids.to_pylist()
        return tuple((WHOLE, good) for good in goods), np.arange(len(goods))
    table = arrow(states, ("product_id", "chain", "state")).drop_null()
    if len(pc.unique(table["product_id"])) < table.num_rows:
        raise DataError("A good has two states", remedy="Give one row a good: product_id, chain, state.")
    chain_ids, chain = coded(table["chain"])
    state_ids, state = coded(table["state"])
    both, number = np.unique(chain * max(len(state_ids), 1) + state, return_inverse=True)
    names = tuple(
        (str(chain_ids[int(one) // len(state_ids)].as_py()), state_ids[int(one) % len(state_ids)].as_py())
        for one in both
    )
    place = places(table["product_id"], lines.product_ids)
    found = np.full(len(lines.product_ids), -1, dtype=np.int64)
    found[place[place >= 0]] = number[place >= 0]
    return names, found
