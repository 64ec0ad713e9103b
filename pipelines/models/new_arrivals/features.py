"""What speaks for a new good and a person: how much the person likes its kind, and how it does so far.

A person's purchases, halved every `half_life_days`, give the share of each category, type, brand and price band. `lift`
is that share over everybody's, smoothed by a prior of `PRIOR` purchases:

    lift(u, v) = (n(u, v) + PRIOR * share(v)) / (n(u) + PRIOR) / share(v)

1 for who is like everybody, and for an attribute that the good lacks or that nobody has bought yet. A person who bought
8 faded goods, 4 of them tea, of which everybody buys a tenth: (4 + 2 * 0.1) / (8 + 2) / 0.1 = 4.2.

**Content factors.** Persons x types, scaled, are brought to `RANK` factors by a truncated singular value decomposition;
their product says how much a person likes a type by what others like who resemble them, though they may never have
bought it. It needs only the person's own row and the types' factors, so who came later is told alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from scipy.sparse.linalg import svds

from pipelines.models.attributes import ATTRIBUTES, Attributes
from pipelines.models.lines import ANONYMOUS, Codes, Frame, Lines, arrow, places

PRIOR, RANK = 2.0, 16
FEATURES = (*ATTRIBUTES, "content", "buyers", "age", "loyal")
_NEVER = np.iinfo(np.int32).max
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Liked:
    """What persons bought, faded.

    Args:
        counts: By attribute, persons x values of it.
        total: Of each person, of all goods.
    """

    counts: Mapping[str, csr_matrix]
    total: Matrix

    def rows(self, persons: Codes) -> Liked:
        """Some of the persons; one of -1 has bought nothing."""
        known = persons >= 0
        place = np.maximum(persons, 0)
        keep = diags(known.astype(np.float64))
        if not len(self.total):
            empty = {name: csr_matrix((len(persons), each.shape[1])) for name, each in self.counts.items()}
            return Liked(empty, np.zeros(len(persons)))
        counts = {name: csr_matrix(keep @ each[place]) for name, each in self.counts.items()}
        return Liked(counts, np.where(known, self.total[place], 0.0))


@dataclass(frozen=True)
class New:
    """The new goods of a day.

    Args:
        product_ids: Each once.
        codes: By attribute the place of each good's value; -1: not known.
        buyers: How many persons bought it so far.
        age: Days since it was first seen.
    """

    product_ids: pa.Array
    codes: Mapping[str, Codes]
    buyers: Codes
    age: Codes


@dataclass(frozen=True)
class Tastes:
    """What everybody likes; no persons.

    Args:
        values: By attribute its values, ascending.
        shares: By attribute, of each value the share of everybody's faded purchases.
        told_by: The attribute that content is told by; null: none.
        fame: Of each of its values, how many persons bought it, at least 1.
        factors: Its values x factors; null: there are few values, which are told as they are.
    """

    values: Mapping[str, pa.Array]
    shares: Mapping[str, Matrix]
    told_by: str | None
    fame: Matrix
    factors: Matrix | None

    def of(self, liked: Liked, new: New) -> Matrix:
        """Persons x new goods x `FEATURES`."""
        told = np.zeros((len(liked.total), len(new.age), len(FEATURES)))
        for attribute, share in self.shares.items():
            lifts = _lifts(liked.counts[attribute].toarray(), share)
            told[:, :, FEATURES.index(attribute)] = _looked_up(lifts, new.codes[attribute])
        if self.told_by:
            content = self._content(liked.counts[self.told_by])
            told[:, :, FEATURES.index("content")] = _looked_up(content, new.codes[self.told_by])
        told[:, :, FEATURES.index("buyers")] = np.log1p(new.buyers)
        told[:, :, FEATURES.index("age")] = np.log1p(new.age)
        told[:, :, FEATURES.index("loyal")] = np.log1p(liked.total)[:, np.newaxis]
        return told

    def known(self, attributes: Attributes, goods: int) -> Attributes:
        """The attributes of so many other goods, by the values that are known here."""
        codes = {}
        for name, values in self.values.items():
            theirs = attributes.names.get(name, values)
            place = places(theirs, values)
            code = attributes.codes.get(name, np.full(goods, -1, dtype=np.int64))
            codes[name] = np.where(code >= 0, place[np.maximum(code, 0)], -1)
        return Attributes(self.values, codes)

    def _content(self, counts: csr_matrix) -> Matrix:
        scaled = _scaled(counts, self.fame)
        told: Matrix = scaled.toarray() if self.factors is None else (scaled @ self.factors) @ self.factors.T
        return told


def liked_of(lines: Lines, attributes: Attributes, *, until: int, half_life_days: int) -> Liked:
    """What everybody bought before the day `until`, since 1970-01-01."""
    known = (lines.customer != ANONYMOUS) & (lines.day < until)
    weight = 0.5 ** ((until - lines.day[known]) / half_life_days)
    shape = (len(lines.customer_ids), len(lines.product_ids))
    bought = csr_matrix((weight, (lines.customer[known], lines.product[known])), shape=shape)
    counts = {name: csr_matrix(bought @ attributes.matrix(name)) for name in attributes.codes}
    return Liked(counts, np.asarray(bought.sum(axis=1), dtype=np.float64).ravel())


def tastes_of(liked: Liked, attributes: Attributes) -> Tastes:
    """What everybody likes who bought this."""
    shares = {}
    for name, counts in liked.counts.items():
        sums = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
        shares[name] = sums / max(sums.sum(), 1e-9)
    told_by = next((name for name in ("product_type", "category") if name in shares), None)
    if told_by is None:
        return Tastes(attributes.names, shares, None, np.empty(0), None)
    counts = liked.counts[told_by]
    fame = np.maximum(counts.getnnz(axis=0), 1).astype(np.float64)
    return Tastes(attributes.names, shares, told_by, fame, _factors(_scaled(counts, fame)))


def new_goods(
    lines: Lines, attributes: Attributes, first_seen: Codes, *, until: int, window_days: int
) -> tuple[New, Codes]:
    """The goods that are new on the day `until`, and their places among all.

    Args:
        lines: What was bought; `until` and later days are not looked at.
        attributes: Of all goods.
        first_seen: Of each good the first day on which it could be bought.
        until: In days since 1970-01-01.
        window_days: A good is new that was first seen on one of so many days before `until`.
    """
    place = np.flatnonzero((first_seen >= until - window_days) & (first_seen < until))
    known = (lines.customer != ANONYMOUS) & (lines.day < until)
    goods = len(lines.product_ids)
    pairs = np.unique(lines.customer[known] * goods + lines.product[known])
    buyers = np.bincount(pairs % max(goods, 1), minlength=goods)[place]
    codes = {name: code[place] for name, code in attributes.codes.items()}
    return New(lines.product_ids.take(pa.array(place)), codes, buyers, until - first_seen[place]), place


def first_days(lines: Lines, products: Frame | None) -> Codes:
    """Of each good the first day on which it was bought, or `products.launched_on` where that is told and earlier."""
    days = np.full(len(lines.product_ids), _NEVER, dtype=np.int64)
    np.minimum.at(days, lines.product, lines.day)
    if products is not None and "launched_on" in _columns(products):
        table = arrow(products, ("product_id", "launched_on"))
        launched = table["launched_on"].cast(pa.date32()).cast(pa.int32())
        place = places(lines.product_ids, table["product_id"].combine_chunks())
        told = launched.fill_null(_NEVER).to_numpy().astype(np.int64)
        days = np.where(place >= 0, np.minimum(days, told[np.maximum(place, 0)]), days)
    return days


def _columns(frame: Frame) -> list[str]:
    return frame.column_names if isinstance(frame, pa.Table) else list(frame.columns)


def _looked_up(table: Matrix, codes: Codes) -> Matrix:
    if not table.shape[1]:
        return np.zeros((len(table), len(codes)))
    found: Matrix = table[:, np.maximum(codes, 0)]
    found[:, codes < 0] = 0.0
    return found


def _lifts(counts: Matrix, share: Matrix) -> Matrix:
    """As logarithms."""
    own = counts.sum(axis=1, keepdims=True)
    known = np.where(share > 0, share, 1.0)
    lifts: Matrix = np.log((counts + PRIOR * known) / (own + PRIOR) / known)
    lifts[:, share <= 0] = 0.0
    return lifts


def _scaled(counts: csr_matrix, fame: Matrix) -> csr_matrix:
    """log(1 + purchases), each value scaled by its persons."""
    scaled = counts.copy()
    scaled.data = np.log1p(scaled.data)
    return csr_matrix(scaled @ diags(fame**-0.5))


def _factors(scaled: csr_matrix) -> Matrix | None:
    """Values x `RANK`; null: there are no more values than that."""
    if min(scaled.shape) <= RANK:
        return None
    start = np.random.default_rng(0).standard_normal(min(scaled.shape))
    _, _, right = svds(scaled, k=RANK, v0=start)
    factors: Matrix = right.T
    return factors
