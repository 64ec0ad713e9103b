"""One row per business date: how often and for how much people will buy, as fitted on what was known then.

BG/NBD and Gamma-Gamma (`calc.lifetime`), fitted by maximum likelihood from how many people are in each cell. A cell
of the first is a number of repeat purchase days and two whole weeks, the last purchase and today as counted from the
first; a cell of the second is that number and a mean value to the nearest per cent. The calendar bounds the cells, so
a fit does not grow with the people. Weeks count from their middle.

Where too few people bought on a second day one rate and one mean value for all stand in, and `note` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.calc.lifetime import NoFit, fit_bg_nbd, fit_gamma_gamma
from pipelines.gold import customer_totals as gold_customer_totals
from pipelines.lakehouse.expectations import at_least, one_of
from pipelines.lakehouse.table import AS_OF, Col, Snapshot, Table
from pipelines.lakehouse.types import DOUBLE, LONG, STRING

BG_NBD, GAMMA_GAMMA, POOLED = "bg_nbd", "gamma_gamma", "pooled"
WEEK = 7
_PER_CENT = 0.01

TABLE = Table(
    name="gold.lifetime_models",
    doc=__doc__,
    key=("as_of",),
    scope=("as_of",),
    columns=(
        AS_OF,
        Col("people", LONG, "Everybody with a purchase", nullable=False),
        Col("repeat_buyers", LONG, "Of them, with purchases on two days or more", nullable=False),
        Col("cells", LONG, "Distinct cells that the two models were fitted from", nullable=False),
        Col("method", STRING, f"`{BG_NBD}`, or `{POOLED}`: one rate for all, nobody stops", nullable=False),
        Col("value_method", STRING, f"`{GAMMA_GAMMA}`, or `{POOLED}`: one mean for all", nullable=False),
        Col("r", DOUBLE, "BG/NBD: shape of the purchase rates; null: pooled"),
        Col("alpha", DOUBLE, "BG/NBD: their scale, weeks; null: pooled"),
        Col("a", DOUBLE, "BG/NBD: of the chance to stop; null: pooled"),
        Col("b", DOUBLE, "BG/NBD: of the chance to stop; null: pooled"),
        Col("p", DOUBLE, "Gamma-Gamma: shape of one person's values; null: pooled"),
        Col("q", DOUBLE, "Gamma-Gamma: shape of their means; null: pooled"),
        Col("v", DOUBLE, "Gamma-Gamma: their scale, in the business's currency; null: pooled"),
        Col(
            "purchases_per_week",
            DOUBLE,
            "Repeat purchase days for a week that somebody is known",
            nullable=False,
        ),
        Col("mean_value", DOUBLE, "What a repeat purchase day came to; 0 without any", nullable=False),
        Col("note", STRING, "Why a method is pooled; null: none is"),
    ),
    inputs=(gold_customer_totals.TABLE,),
    params=("lifetime.min_repeat_buyers",),
    expect=(
        one_of("method", (BG_NBD, POOLED)),
        one_of("value_method", (GAMMA_GAMMA, POOLED)),
        at_least("people", 0),
    ),
    write=Snapshot(),
)


def build(customer_totals: DataFrame, *, as_of: date, min_repeat_buyers: int) -> DataFrame:
    """The models of one date, fitted in one task from the cells."""
    known = customer_totals.where(F.col("first_purchase_on").isNotNull()).select(
        (F.col("purchase_days") - 1).cast(LONG).alias("x"),
        _weeks(F.date_diff("last_purchase_on", "first_purchase_on")).alias("t"),
        _weeks(F.date_diff(F.lit(as_of), F.col("first_purchase_on"))).alias("age"),
        F.col("repeat_sales").cast(DOUBLE).alias("sales"),
    )
    visits = known.groupBy("x", "t", "age").agg(F.count(F.lit(1)).alias("people"))
    valued = known.where("x > 0 AND sales > 0").withColumn(
        "step", F.round(F.log(F.col("sales") / F.col("x")) / _PER_CENT).cast(LONG)
    )
    values = valued.groupBy("x", "step").agg(F.count(F.lit(1)).alias("people"))
    # A sum over no rows is a row too, so that a model is there, and says that it has no people.
    both = visits.agg(_listed("x", "t", "age", "people")).crossJoin(
        values.agg(_listed("x", "step", "people"))
    )
    fitted = both.toDF("visits", "values").mapInArrow(_fitter(as_of, min_repeat_buyers), TABLE.schema)
    return fitted.select(*TABLE.names)


def _weeks(days: Any) -> Any:
    return F.floor(days / WEEK).cast(LONG)


def _listed(*columns: str) -> Any:
    return F.collect_list(F.struct(*columns))


def _fitter(
    as_of: date, min_repeat_buyers: int
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def fitted(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in batch.to_pylist():
                found = fit(_sorted(row["visits"]), _sorted(row["values"]), min_repeat_buyers)
                yield pa.RecordBatch.from_pylist([{"as_of": as_of, **found}], schema=_ARROW)

    return fitted


def _sorted(cells: list[dict[str, int]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Cells in an order of their own, one a column, so that a sum over them is the same in any run."""
    return np.array(sorted(tuple(cell.values()) for cell in cells), dtype=np.float64).T


def fit(visits: Any, values: Any, min_repeat_buyers: int) -> dict[str, Any]:
    """What a row says but its date: both models, or what stands in for them.

    Args:
        visits: Rows `x, t, age, people`; weeks are whole ones.
        values: Rows `x, step, people`; a step is a per cent of the mean value's logarithm.
        min_repeat_buyers: With fewer, neither model is fitted.
    """
    x, t, age, people = visits if visits.size else np.zeros((4, 0))
    times, steps, buyers = values if values.size else np.zeros((3, 0))
    age, t = age + 0.5, np.where(x > 0, t + 0.5, 0.0)
    means = np.exp(steps * _PER_CENT)
    repeaters, spent, bought = (
        float(v) for v in (people[x > 0].sum(), (means * times * buyers).sum(), (times * buyers).sum())
    )
    found: dict[str, Any] = {
        "people": int(people.sum()),
        "repeat_buyers": int(repeaters),
        "cells": len(x) + len(times),
        "method": POOLED,
        "value_method": POOLED,
        "purchases_per_week": _figure((x * people).sum() / max((age * people).sum(), 1e-9)),
        "mean_value": _figure(spent / bought if bought else 0.0),
    }
    if repeaters < min_repeat_buyers:
        return found | {
            "note": f"{int(repeaters)} people bought on two days or more, and {min_repeat_buyers} are asked for: "
            "one rate and one mean value for all"
        }
    notes = []
    for method, name, run in (
        (BG_NBD, "method", lambda: fit_bg_nbd(x, t, age, people)),
        (GAMMA_GAMMA, "value_method", lambda: fit_gamma_gamma(times, means, buyers)),
    ):
        try:
            found |= {name: method, **{key: _figure(value) for key, value in vars(run()).items()}}
        except NoFit as why:
            notes.append(f"no {method}: {why}")
    return found | {"note": "; ".join(notes) or None}


def _figure(value: float) -> float:
    """Seven significant digits: what is beyond them is the search's, not the data's."""
    return float(f"{value:.7g}")


_ARROW = pa.schema(
    [("as_of", pa.date32())]
    + [(name, pa.int64()) for name in ("people", "repeat_buyers", "cells")]
    + [(name, pa.string()) for name in ("method", "value_method")]
    + [
        (name, pa.float64())
        for name in ("r", "alpha", "a", "b", "p", "q", "v", "purchases_per_week", "mean_value")
    ]
    + [("note", pa.string())]
)
