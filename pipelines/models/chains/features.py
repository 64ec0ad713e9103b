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
from pipelines.models.lines import ANONYMOUS, Codes, Frame, arrow, coded, places

WHOLE = "all goods"


@dataclass(frozen=True)
class States:
    """Which state each good is of.

    Args:
        names: Of each state its chain and its name.
        chain: Of each state the number of its chain.
        of_product: Of each good its state; -1: none.
    """

    names: tuple[tuple[str, Any], ...]
    chain: Codes
    of_product: Codes


@dataclass(frozen=True)
class Firsts:
    """One row per person and state, by person, then state.

    Args:
        customer: Of each row.
        state: Of each row.
        day: The first day, since 1970-01-01.
        middle: Twice the median day, so that it is whole.
        product: The good of the first day.
    """

    customer: Codes
    state: Codes
    day: Codes
    middle: Codes
    product: Codes

    def where(self, kept: NDArray[np.bool_]) -> Firsts:
        """Some of the rows."""
        return Firsts(
            self.customer[kept], self.state[kept], self.day[kept], self.middle[kept], self.product[kept]
        )


def states_of(product_ids: pa.Array, states: Frame | None) -> States:
    """The states of goods.

    Args:
        product_ids: The goods.
        states: `product_id, chain, state`, one row a good; a good without a row, or with a null, is in no chain. Null:
            every good is a state of its own, in one chain.

    Raises:
        DataError: a column of `states` is missing, or a good has two states.
    """
    if states is None:
        goods = product_ids.to_pylist()
        return States(
            tuple((WHOLE, good) for good in goods),
            np.zeros(len(goods), dtype=np.int64),
            np.arange(len(goods)),
        )
    table = arrow(states, ("product_id", "chain", "state")).drop_null()
    if len(pc.unique(table["product_id"])) < table.num_rows:
        raise DataError("A good has two states", remedy="Give one row a good: product_id, chain, state.")
    chain_ids, chain = coded(table["chain"])
    state_ids, state = coded(table["state"])
    span = max(len(state_ids), 1)
    both, number = np.unique(chain * span + state, return_inverse=True)
    names = tuple(
        (str(chain_ids[int(one // span)].as_py()), state_ids[int(one % span)].as_py()) for one in both
    )
    place = places(table["product_id"], product_ids)
    found = np.full(len(product_ids), -1, dtype=np.int64)
    found[place[place >= 0]] = number[place >= 0]
    return States(names, both // span, found)


def firsts(customer: Codes, product: Codes, day: Codes, of_product: Codes) -> Firsts:
    """First purchases of each state; goods of none, and what nobody known has bought, do not count."""
    state = (
        np.where(product >= 0, of_product[np.maximum(product, 0)], -1) if len(of_product) else product * 0 - 1
    )
    known = (state >= 0) & (customer != ANONYMOUS)
    rows = customer[known], state[known], day[known], product[known]
    order = np.lexsort(rows[::-1])
    customer, state, day, product = (each[order] for each in rows)
    first = np.ones(len(customer), dtype=bool)
    first[1:] = (customer[1:] != customer[:-1]) | (state[1:] != state[:-1])
    start = np.flatnonzero(first)
    count = np.diff(np.append(start, len(first)))
    middle = day[start + (count - 1) // 2] + day[start + count // 2]
    return Firsts(customer[first], state[first], day[first], middle, product[first])


def supported(found: Firsts, states: States, min_support: int) -> Firsts:
    """The rows of states that so many persons have bought, in chains of two such or more: of fewer nothing is told."""
    names = len(states.names)
    enough = np.bincount(found.state, minlength=names) >= min_support
    several = np.bincount(states.chain, weights=enough, minlength=names) >= 2
    return found.where((enough & several[states.chain])[found.state])


def ordered_pairs(found: Firsts, chain: Codes, *, max_delay_days: int) -> tuple[Codes, Codes]:
    """Rows of `found`, earlier and later, of one person and chain, by their median days.

    These are at most `max_delay_days` apart; rows with the same median day are not in order.
    """
    span = int(chain.max(initial=0)) + 1
    order = np.lexsort((found.state, found.middle, chain[found.state], found.customer))
    group = (found.customer * span + chain[found.state])[order]
    later = np.searchsorted(group, group, side="right") - np.arange(len(group)) - 1
    first = np.repeat(np.arange(len(group)), later)
    second = first + 1 + np.arange(len(first)) - np.searchsorted(first, first)
    first, second = order[first], order[second]
    apart = found.middle[second] - found.middle[first]
    kept = (apart > 0) & (apart <= 2 * max_delay_days)
    return first[kept], second[kept]


def birth_days(customer_ids: pa.Array, born: Frame | None) -> NDArray[np.float64]:
    """Of each person the day on which their child was born, since 1970-01-01; NaN: not known.

    Args:
        customer_ids: The persons.
        born: `customer_id, born_on`; of several children the youngest counts. Null: of nobody is it known.
    """
    days = np.full(len(customer_ids), np.nan)
    if born is not None:
        table = arrow(born, ("customer_id", "born_on"))
        place = places(table["customer_id"], customer_ids)
        given = pc.cast(pc.cast(table["born_on"], pa.date32()), pa.int32()).to_numpy(zero_copy_only=False)
        there = (place >= 0) & ~np.isnan(given.astype(float))
        np.fmax.at(days, place[there], given[there].astype(float))
    return days
