"""What speaks for a new good and a person: how much the person likes its kind, and how it does so far.

A person's purchases, halved every `half_life_days`, give the share of each category, type, brand and price band. `lift`
is that share over everybody's, both smoothed by a prior of `PRIOR` purchases:

    lift(u, v) = (n(u, v) + PRIOR * share(v)) / (n(u) + PRIOR) / share(v)

1 for who is like everybody, and for an attribute that the good lacks. A person who bought 8 faded goods, 4 of them tea,
of which everybody buys a tenth: (4 + 2 * 0.1) / (8 + 2) / 0.1 = 4.2.

**Content factors.** Persons x types, scaled, are brought to `RANK` factors by a truncated singular value decomposition;
their product says how much a person likes a type by what others like who resemble them, though they may never have
bought it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from scipy.sparse.linalg import svds

from pipelines.models.attributes import ATTRIBUTES, Attributes, attributes_of
from pipelines.models.lines import ANONYMOUS, Codes, Frame, Lines, arrow, places

PRIOR, RANK = 2.0, 16
FEATURES = (*ATTRIBUTES, "content", "buyers", "age", "loyal")
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Likings:
    """What persons like, and the new goods on a day.

    Args:
        lifts: By attribute, persons x values of it, as logarithms.
        content: Persons x values of the attribute that content is told by; empty: there is none.
        told_by: That attribute; null: none.
        attributes: Of all goods.
        new: Places of the new goods.
        buyers: Of each new good, how many persons bought it so far.
        age: Of each new good, days since it was first seen.
        active: Of each person, faded purchases.
    """

    lifts: dict[str, Matrix]
    content: Matrix
    told_by: str | None
    attributes: Attributes
    new: Codes
    buyers: Codes
    age: Codes
    active: Matrix

    def of(self, persons: Codes) -> NDArray[np.float64]:
        """Persons x new goods x `FEATURES`; a person of -1 has bought nothing and is like everybody."""
        told = np.zeros((len(persons), len(self.new), len(FEATURES)))
        known = persons >= 0
        for place, attribute in enumerate(ATTRIBUTES):
            if attribute in self.lifts:
                told[:, :, place] = _looked_up(
                    self.lifts[attribute], persons, self.attributes.codes[attribute][self.new]
                )
        if self.told_by:
            told[:, :, FEATURES.index("content")] = _looked_up(
                self.content, persons, self.attributes.codes[self.told_by][self.new]
            )
        told[:, :, FEATURES.index("buyers")] = np.log1p(self.buyers)
        told[:, :, FEATURES.index("age")] = np.log1p(self.age)
        active = np.where(known, self.active[np.maximum(persons, 0)], 0.0)
        told[:, :, FEATURES.index("loyal")] = np.log1p(active)[:, np.newaxis]
        return told


def likings(
    lines: Lines,
    products: Frame | None,
    *,
    first_seen: Codes,
    until: int,
    window_days: int,
    half_life_days: int,
) -> Likings:
    """What was known on the day `until`, from the lines before it.

    Args:
        lines: What was bought.
        products: The catalogue; null: none.
        first_seen: Of each good the first day on which it could be bought.
        until: In days since 1970-01-01; it and later days are not looked at.
        window_days: A good is new that was first seen on one of so many days before `until`.
        half_life_days: Of a purchase's weight.
    """
    known = (lines.customer != ANONYMOUS) & (lines.day < until)
    customer, product, day = lines.customer[known], lines.product[known], lines.day[known]
    weight = 0.5 ** ((until - day) / half_life_days)
    shape = (len(lines.customer_ids), len(lines.product_ids))
    liked = csr_matrix((weight, (customer, product)), shape=shape)
    attributes = attributes_of(products, lines.product_ids)
    bought = {name: csr_matrix(liked @ attributes.matrix(name)) for name in attributes.codes}
    new = np.flatnonzero((first_seen >= until - window_days) & (first_seen < until))
    pairs = np.unique(customer * shape[1] + product)
    buyers = np.bincount(pairs % shape[1], minlength=shape[1])[new]
    told_by = next((name for name in ("product_type", "category") if name in bought), None)
    return Likings(
        {name: _lifts(each) for name, each in bought.items()},
        _content(bought[told_by]) if told_by else np.empty((0, 0)),
        told_by,
        attributes,
        new,
        buyers,
        until - first_seen[new],
        np.asarray(liked.sum(axis=1)).ravel(),
    )


def first_days(lines: Lines, products: Frame | None) -> Codes:
    """Of each good the first day on which it was bought, or `products.launched_on` where that is told and earlier."""
    days = np.full(len(lines.product_ids), np.iinfo(np.int32).max, dtype=np.int64)
    np.minimum.at(days, lines.product, lines.day)
    if products is not None and "launched_on" in _columns(products):
        table = arrow(products, ("product_id", "launched_on"))
        launched = table["launched_on"].cast(pa.date32()).cast(pa.int32())
        place = places(lines.product_ids, table["product_id"].combine_chunks())
        told = launched.fill_null(np.iinfo(np.int32).max).to_numpy().astype(np.int64)
        days = np.where(place >= 0, np.minimum(days, told[np.maximum(place, 0)]), days)
    return days


def _columns(frame: Frame) -> list[str]:
    return frame.column_names if isinstance(frame, pa.Table) else list(frame.columns)


def _looked_up(table: Matrix, persons: Codes, codes: Codes) -> Matrix:
    found = table[np.maximum(persons, 0)][:, np.maximum(codes, 0)]
    found[:, codes < 0] = 0.0
    found[persons < 0] = 0.0
    return found


def _lifts(bought: csr_matrix) -> Matrix:
    counts = bought.toarray()
    everybody = counts.sum(axis=0) + 1e-9
    share = everybody / everybody.sum()
    own = counts.sum(axis=1, keepdims=True)
    lifts: Matrix = np.log((counts + PRIOR * share) / (own + PRIOR) / share)
    return lifts


def _content(bought: csr_matrix) -> Matrix:
    """Persons x values: log(1 + purchases), each value scaled by its persons, told by `RANK` factors.

    Where there are no more values than that, they are told as they are.
    """
    scaled = bought.copy()
    scaled.data = np.log1p(scaled.data)
    fame = np.maximum(bought.getnnz(axis=0), 1)
    scaled = csr_matrix(scaled @ diags(fame**-0.5))
    if min(scaled.shape) <= RANK:
        return np.asarray(scaled.toarray(), dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(min(scaled.shape))
    left, values, right = svds(scaled, k=RANK, v0=start)
    told: Matrix = (left * values) @ right
    return told
