"""What a catalogue says of goods, as whole numbers: of each attribute which value each good has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from pipelines.models.lines import Codes, Frame, arrow, coded, places

ATTRIBUTES = ("category", "product_type", "brand", "price_band")
"""What goods are compared by, as far as the catalogue has it."""


@dataclass(frozen=True)
class Attributes:
    """Of some goods the values of each attribute.

    Args:
        names: By attribute its values, ascending.
        codes: By attribute the place of each good's value; -1: not known.
    """

    names: Mapping[str, pa.Array]
    codes: Mapping[str, Codes]

    def matrix(self, attribute: str) -> csr_matrix:
        """Goods x values of one attribute, 1 where the good has the value; whole numbers."""
        codes = self.codes[attribute]
        known = np.flatnonzero(codes >= 0)
        ones = np.ones(len(known), dtype=np.int64)
        return csr_matrix((ones, (known, codes[known])), shape=(len(codes), len(self.names[attribute])))


def attributes_of(products: Frame | None, product_ids: pa.Array) -> Attributes:
    """The attributes of the goods that are asked for, as far as the catalogue has any.

    Args:
        products: `product_id` and any of `ATTRIBUTES`; null: there is no catalogue, so there are no attributes.
        product_ids: The goods.

    Raises:
        DataError: there is no `product_id`.
    """
    if products is None:
        return Attributes({}, {})
    columns = products.column_names if isinstance(products, pa.Table) else list(products.columns)
    there = [name for name in ATTRIBUTES if name in columns]
    table = arrow(products, ("product_id", *there))
    place = places(product_ids, table["product_id"].combine_chunks())
    names, codes = {}, {}
    for attribute in there:
        values, code = coded(table[attribute])
        if len(values):
            names[attribute] = values
            codes[attribute] = np.where(place >= 0, code[np.maximum(place, 0)], -1)
    return Attributes(names, codes)
