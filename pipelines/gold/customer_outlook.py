"""What somebody's past says of the day it is looked at: class, lifecycle, and what they will still buy.

The arithmetic of `gold.customer_360` that ages.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf
from pyspark.sql.types import StructField, StructType

from pipelines.calc.lifetime import BgNbd, GammaGamma
from pipelines.gold.lifetime_models import BG_NBD, GAMMA_GAMMA, WEEK
from pipelines.lakehouse.types import DOUBLE, LONG, MONEY

PROSPECT, NEW, ACTIVE, AT_RISK, LAPSED, RETURNED = (
    "prospect",
    "new",
    "active",
    "at_risk",
    "lapsed",
    "returned",
)
CLASSES = ("online_only", "offline_only", "both")
STAGES = (PROSPECT, NEW, ACTIVE, AT_RISK, LAPSED, RETURNED)
HORIZONS = (90, 365)  # days
_MODEL = (
    "method",
    "value_method",
    "r",
    "alpha",
    "a",
    "b",
    "p",
    "q",
    "v",
    "purchases_per_week",
    "mean_value",
)


def lifecycle_stage(
    usual_interval: Column, *, new_days: int, at_risk_after: float, lapsed_after: float
) -> Column:
    """The stage of somebody, of the columns `purchase_days`, `recency_days` and `last_gap_days`.

    `prospect`: no purchase yet. `new`: one purchase day, at most `new_days` ago. Of the others, by intervals since
    the last purchase: `lapsed` beyond `lapsed_after`, `at_risk` beyond `at_risk_after`, else `returned` where the
    pause before the last purchase was itself a lapse, and `active`.

    Args:
        usual_interval: Days between purchases: the person's own, or what counts for people without a rhythm.
        new_days: How long one is new.
        at_risk_after: In intervals.
        lapsed_after: In intervals.
    """
    recency = F.col("recency_days")
    return (
        F.when(F.col("purchase_days") == 0, PROSPECT)
        .when((F.col("purchase_days") == 1) & (recency <= new_days), NEW)
        .when(recency > lapsed_after * usual_interval, LAPSED)
        .when(recency > at_risk_after * usual_interval, AT_RISK)
        .when(F.col("last_gap_days") > lapsed_after * usual_interval, RETURNED)
        .otherwise(ACTIVE)
    )


def omnichannel_class(until: Column | None = None) -> Column:
    """The class of a row of `gold.customer_totals`, by the purchases up to a day (null: all); null without any."""
    online, offline = (
        F.col(name).isNotNull() if until is None else F.coalesce(F.col(name) <= until, F.lit(False))
        for name in ("first_online_purchase_on", "first_offline_purchase_on")
    )
    online_only, offline_only, both = CLASSES
    return F.when(online & offline, both).when(online, online_only).when(offline, offline_only)


def with_outlook(people: DataFrame, models: DataFrame) -> DataFrame:
    """`people` with `probability_alive`, and of each horizon `expected_purchases_<days>`, `expected_value_<days>`.

    All are null without a purchase; the probability also where one rate for all stands in for BG/NBD.

    Args:
        people: With `purchase_days, repeat_sales, first_purchase_on, last_purchase_on, recency_days`.
        models: The one row of `gold.lifetime_models` of the date.
    """
    asked = people.crossJoin(F.broadcast(models.select(*(F.col(c).alias(f"_{c}") for c in _MODEL))))
    known = F.date_diff("last_purchase_on", "first_purchase_on")
    told = arrow_udf(_outlook, _TYPE)(  # type: ignore[call-overload] # its kind is hinted
        (F.col("purchase_days") - 1).cast(DOUBLE),
        known.cast(DOUBLE),
        (known + F.col("recency_days")).cast(DOUBLE),
        F.col("repeat_sales").cast(DOUBLE),
        *(F.col(f"_{c}") for c in _MODEL),
    )
    seen = F.col("purchase_days") > 0
    shown = {"probability_alive": F.when(seen, F.col("_outlook.alive"))}
    for days in HORIZONS:
        shown[f"expected_purchases_{days}"] = F.when(seen, F.col(f"_outlook.purchases_{days}"))
        amount = F.col(f"_outlook.cents_{days}").cast(MONEY) / 100
        shown[f"expected_value_{days}"] = F.when(seen, amount.cast(MONEY))
    return asked.withColumn("_outlook", told).withColumns(shown)


_TYPE = StructType(
    [StructField("alive", DOUBLE)]
    + [StructField(f"purchases_{days}", DOUBLE) for days in HORIZONS]
    + [StructField(f"cents_{days}", LONG) for days in HORIZONS]
)


def _outlook(
    x: pa.Array,
    known_days: pa.Array,
    age_days: pa.Array,
    sales: pa.Array,
    method: pa.Array,
    value_method: pa.Array,
    r: pa.Array,
    alpha: pa.Array,
    a: pa.Array,
    b: pa.Array,
    p: pa.Array,
    q: pa.Array,
    v: pa.Array,
    purchases_per_week: pa.Array,
    mean_value: pa.Array,
) -> pa.Array:
    """The struct of `_TYPE` of each person, all of whom have the same model."""
    count, last, age, paid = (np.nan_to_num(_floats(each)) for each in (x, known_days, age_days, sales))
    count, last, age = np.maximum(count, 0.0), last / WEEK, age / WEEK
    if not len(count):
        return pa.array([], type=_ARROW)
    mean = np.divide(paid, count, out=np.zeros_like(paid), where=count > 0)
    if value_method[0].as_py() == GAMMA_GAMMA:
        value = GammaGamma(*(each[0].as_py() for each in (p, q, v))).expected_value(
            np.where(mean > 0, count, 0), mean
        )
    else:
        value = np.full(len(count), mean_value[0].as_py())
    if method[0].as_py() == BG_NBD:
        model = BgNbd(*(each[0].as_py() for each in (r, alpha, a, b)))
        alive = pa.array(model.probability_alive(count, last, age).round(6))
        bought = [model.expected_purchases(days / WEEK, count, last, age) for days in HORIZONS]
    else:
        alive = pa.nulls(len(count), pa.float64())
        bought = [np.full(len(count), purchases_per_week[0].as_py() * days / WEEK) for days in HORIZONS]
    cents = [pa.array(np.rint(each * value * 100).astype(np.int64)) for each in bought]
    columns = [alive, *(pa.array(each.round(6)) for each in bought), *cents]
    return pa.StructArray.from_arrays(columns, fields=list(_ARROW))


def _floats(values: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = values.to_numpy(zero_copy_only=False).astype(
        np.float64
    )
    return found


_ARROW = pa.struct(
    [("alive", pa.float64())]
    + [(f"purchases_{days}", pa.float64()) for days in HORIZONS]
    + [(f"cents_{days}", pa.int64()) for days in HORIZONS]
)
