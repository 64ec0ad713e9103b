"""Amounts shared out without losing a cent: rounding by largest remainders, decided here and nowhere else.

Every part is first rounded down to the unit; the units still missing go, one each, to the parts that lost most
(Hamilton's method, as seats are given to parties). Of equal losses the earlier part is served first. A negative
amount is shared as its opposite is, so that a return takes back exactly what the sale had given.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

CENT = Decimal("0.01")
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "RUB": "₽", "JPY": "¥"}


def sign(currency: str) -> str:
    """What stands before an amount: the currency's sign, or its code and a space where the sign is not known."""
    return _SIGNS.get(currency, f"{currency} ")


def priced(amount: Decimal, currency: str) -> str:
    """A price as a customer reads it, with the decimals that it has.

    >>> priced(Decimal("1234.50"), "USD")
    '$1,234.50'
    """
    return f"{sign(currency)}{amount:,}"


Number = int | float | Decimal | Fraction
Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


def rounded(parts: Sequence[Number], total: Decimal, unit: Decimal = CENT) -> list[Decimal]:
    """The parts as multiples of the unit that sum to the total exactly.

    Args:
        parts: Amounts that sum to about the total; parts of both signs are allowed.
        total: What the result sums to; itself a multiple of the unit.
        unit: The smallest amount there is.

    >>> rounded([10 / 3, 10 / 3, 10 / 3], Decimal(10))
    [Decimal('3.34'), Decimal('3.33'), Decimal('3.33')]

    Raises:
        ValueError: the total is no multiple of the unit, or there is no part to carry it.
    """
    step = Fraction(unit)
    whole = Fraction(total) / step
    if whole.denominator != 1:
        raise ValueError(f"{total} is no multiple of {unit}")
    if whole and not any(parts):
        raise ValueError(f"There is no part to carry {total}")
    sign = -1 if whole < 0 else 1
    exact = [sign * Fraction(part) / step for part in parts]
    units = [part.numerator // part.denominator for part in exact]
    carriers = [place for place, part in enumerate(exact) if part]
    carriers.sort(key=lambda place: (units[place] - exact[place], place))
    missing = abs(int(whole)) - sum(units)
    for rank, place in enumerate(carriers):
        units[place] += missing // len(carriers) + (rank < missing % len(carriers))
    return [sign * count * unit for count in units]


def shared(amount: Decimal, weights: Sequence[Number], unit: Decimal = CENT) -> list[Decimal]:
    """The amount in proportion to the weights, to the unit, summing to the amount exactly.

    >>> shared(Decimal("-1.00"), [1, 1, 1])
    [Decimal('-0.34'), Decimal('-0.33'), Decimal('-0.33')]

    Raises:
        ValueError: a weight is negative, or none is positive.
    """
    exact = [Fraction(weight) for weight in weights]
    whole = sum(exact)
    if not whole or any(weight < 0 for weight in exact):
        raise ValueError("Weights must not be negative, and one must be positive")
    return rounded([Fraction(amount) * weight / whole for weight in exact], amount, unit)


def rounded_rows(parts: Floats, rows: Longs, totals: Longs) -> Longs:
    """`rounded` for many amounts at once, all in whole units.

    Args:
        parts: Of each part, how many units it is.
        rows: Of each part, the amount that it is a part of, from 0.
        totals: The amounts in units, below 1e15; those without a part are left out.

    >>> rounded_rows(np.array([10 / 3, 10 / 3, 10 / 3, 5.0]), np.array([0, 0, 0, 1]), np.array([10, 5])).tolist()
    [4, 3, 3, 5]

    Raises:
        ValueError: an amount that is not 0 has parts, but all of them are 0.
    """
    signs = np.where(totals < 0, -1, 1)[rows]
    exact = parts * signs
    units = np.floor(exact)
    carries = exact != 0
    missing = np.abs(totals) - np.bincount(rows, units, minlength=len(totals)).astype(np.int64)
    counts = np.bincount(rows, carries, minlength=len(totals)).astype(np.int64)
    if np.any((counts == 0) & (np.bincount(rows, minlength=len(totals)) > 0) & (totals != 0)):
        raise ValueError("There is no part to carry an amount")
    order = np.lexsort((units - exact, ~carries, rows))
    first = np.searchsorted(rows[order], rows[order])
    ranks = np.empty(len(rows), dtype=np.int64)
    ranks[order] = np.arange(len(rows)) - first
    each, more = np.divmod(missing, np.maximum(counts, 1))
    extra = np.where(carries, each[rows] + (ranks < more[rows]), 0)
    return (signs * (units.astype(np.int64) + extra)).astype(np.int64)
