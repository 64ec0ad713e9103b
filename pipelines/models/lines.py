"""Receipt lines as a model reads them: before a day, net of returns, as whole numbers in the order of the ids.

Every model is usable alone on any frame of `customer_id, basket_id, purchased_at, product_id, quantity`, be it of
pandas, of Arrow or of an engine. Ids may be texts or whole numbers of any size; they come back as they were given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from pipelines.errors import DataError

COLUMNS = ("customer_id", "basket_id", "purchased_at", "product_id", "quantity")
ANONYMOUS = -1
Frame: TypeAlias = pd.DataFrame | pa.Table | DataFrame
Codes = NDArray[np.int64]
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Lines:
    """One row per basket and good with more bought than brought back in it, by basket, then by good.

    Args:
        customer_ids: Each once, ascending; positions are the codes below.
        basket_ids: Likewise.
        product_ids: Likewise.
        customer: Of each row; `ANONYMOUS` where nobody was known.
        basket: Of each row.
        product: Of each row.
        day: Of each row, in days since 1970-01-01; a basket has one day, its first.
        quantity: Of each row, net of what the same basket brought back; above 0.
        as_of: All rows are of days before it.
    """

    customer_ids: pa.Array
    basket_ids: pa.Array
    product_ids: pa.Array
    customer: Codes
    basket: Codes
    product: Codes
    day: Codes
    quantity: NDArray[np.float64]
    as_of: date

    @property
    def as_of_day(self) -> int:
        """`as_of` in days since 1970-01-01."""
        return day_number(self.as_of)

    @property
    def baskets(self) -> csr_matrix:
        """Baskets x goods, 1 where the basket holds the good; whole numbers."""
        ones = np.ones(len(self.basket), dtype=np.int64)
        shape = (len(self.basket_ids), len(self.product_ids))
        return csr_matrix((ones, (self.basket, self.product)), shape=shape)

    def before(self, as_of: date) -> Lines:
        """The rows of days before an earlier date, of the same ids."""
        known = self.day < day_number(as_of)
        rows = {
            name: getattr(self, name)[known] for name in ("customer", "basket", "product", "day", "quantity")
        }
        return replace(self, **rows, as_of=as_of)


def day_number(day: date) -> int:
    """Days since 1970-01-01.

    >>> day_number(date(1970, 1, 2))
    1
    """
    return day.toordinal() - _EPOCH


def read(lines: Frame, *, as_of: date) -> Lines:
    """The lines of days before `as_of`.

    A basket of two lines of milk, 2 and -1, is one row of quantity 1; of 1 and -1, none.

    Args:
        lines: `COLUMNS`; `customer_id` may be null, `purchased_at` is a date or a timestamp in the shop's time.
        as_of: The first day that is not looked at.

    Raises:
        DataError: a column is missing, an id, a day or a quantity is null, or nothing was bought before `as_of`.
    """
    table = arrow(lines, COLUMNS)
    _refuse_nulls(table)
    days = table["purchased_at"].cast(pa.timestamp("us"), safe=False).cast(pa.date32(), safe=False)
    table = table.set_column(table.column_names.index("purchased_at"), "purchased_at", days)
    table = table.filter(pc.less(days, pa.scalar(as_of)))
    customer_ids, customer = coded(table["customer_id"])
    basket_ids, basket = coded(table["basket_id"])
    product_ids, product = coded(table["product_id"])
    day = table["purchased_at"].cast(pa.int32()).to_numpy().astype(np.int64)
    quantity = table["quantity"].cast(pa.float64()).to_numpy()
    cells, first, row = np.unique(
        basket * max(len(product_ids), 1) + product, return_index=True, return_inverse=True
    )
    net: NDArray[np.float64] = np.round(np.bincount(row, weights=quantity, minlength=len(cells)), 6)
    kept = first[net > 0]
    if not len(kept):
        raise _nothing(as_of)
    opened = np.full(len(basket_ids), np.iinfo(np.int64).max)
    np.minimum.at(opened, basket, day)
    return Lines(
        customer_ids,
        basket_ids,
        product_ids,
        customer[kept],
        basket[kept],
        product[kept],
        opened[basket[kept]],
        net[net > 0],
        as_of,
    )


def of_days(days: pa.Table, *, as_of: date) -> Lines:
    """Lines of which is known on what day somebody bought a good, and no more: a person's day stands for a basket.

    Args:
        days: `person_id, product_id, purchased_on`, of days before `as_of`.
        as_of: The first day that is not looked at.

    Raises:
        DataError: there are none.
    """
    if not days.num_rows:
        raise _nothing(as_of)
    people, person = coded(days["person_id"])
    goods, good = coded(days["product_id"])
    day = days["purchased_on"].cast(pa.int32()).to_numpy().astype(np.int64)
    cells = np.unique(np.stack([person, day, good], axis=1), axis=0)
    person, day, good = cells.T
    baskets, basket = np.unique(person * (int(day.max()) + 1) + day, return_inverse=True)
    return Lines(people, pa.array(baskets), goods, person, basket, good, day, np.ones(len(good)), as_of)


def netted(lines: DataFrame, *, as_of: date) -> DataFrame:
    """What `read` gives, on the engine: `customer_id, basket_id, purchased_at DATE, product_id, quantity`.

    Lines without one of the ids are left out; `read` counts and refuses them.
    """
    opened = F.min("purchased_at").over(Window.partitionBy("basket_id")).alias("purchased_at")
    known = lines.select(*COLUMNS).withColumn("purchased_at", F.to_date("purchased_at"))
    return (
        known.where((F.col("purchased_at") < F.lit(as_of)) & F.col("product_id").isNotNull())
        .groupBy("basket_id", "product_id")
        .agg(
            F.min("customer_id").alias("customer_id"),
            F.min("purchased_at").alias("purchased_at"),
            F.sum("quantity").alias("quantity"),
        )
        .where((F.col("quantity") > 0) & F.col("basket_id").isNotNull())
        .select("customer_id", "basket_id", opened, "product_id", "quantity")
    )


def arrow(frame: Frame, columns: Sequence[str]) -> pa.Table:
    """Some columns of a frame of any kind, as Arrow.

    Raises:
        DataError: one is missing.
    """
    names = frame.column_names if isinstance(frame, pa.Table) else list(frame.columns)
    missing = [name for name in columns if name not in names]
    if missing:
        raise DataError(
            f"The frame has no column {' and no '.join(missing)}",
            remedy=f"Give {', '.join(columns)}, one row a line.",
        )
    if isinstance(frame, pa.Table):
        return frame.select(list(columns))
    if isinstance(frame, pd.DataFrame):
        return pa.Table.from_pandas(frame[list(columns)], preserve_index=False)
    return frame.select(*columns).toArrow()


def coded(ids: pa.ChunkedArray) -> tuple[pa.Array, Codes]:
    """Each id once, ascending, and of each row the place of its id; `ANONYMOUS` for a null.

    >>> known, codes = coded(pa.chunked_array([["b", None, "a", "b"]]))
    >>> known.to_pylist(), codes.tolist()
    (['a', 'b'], [1, -1, 0, 1])
    """
    found = pc.unique(ids).drop_null()
    known = found.take(pc.sort_indices(found))
    return known, places(ids, known)


def places(ids: Any, known: pa.Array) -> Codes:
    """Where each id stands among the known ones; -1 where it does not. Ids of another type are cast first."""
    given = ids if isinstance(ids, pa.Array | pa.ChunkedArray) else pa.array(ids)
    try:
        alike = given.cast(known.type)
    except pa.ArrowInvalid:
        return np.full(len(given), -1, dtype=np.int64)
    found: Codes = pc.index_in(alike, value_set=known).fill_null(-1).to_numpy().astype(np.int64)
    return found


def _nothing(as_of: date) -> DataError:
    return DataError(
        f"Nothing was bought before {as_of}",
        remedy="Ask for a later as_of, or give lines of days before it.",
    )


def _refuse_nulls(table: pa.Table) -> None:
    empty = {name: table[name].null_count for name in COLUMNS[1:] if table[name].null_count}
    if empty:
        counts = ", ".join(f"{name} of {count} lines" for name, count in empty.items())
        raise DataError(
            f"Of {table.num_rows} lines these are null: {counts}",
            remedy="Leave such lines out, or fill them; only customer_id may be null.",
        )
