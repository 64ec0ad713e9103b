"""`attribute`: what each channel has earned by each model, from aggregated paths in Spark or pandas."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from functools import partial
from typing import TypeVar

import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, NullType, NumericType, StringType, StructType

from pipelines.calc.attribution.finish import credits
from pipelines.calc.attribution.rules import RULES, Choices
from pipelines.calc.attribution.sums import MAX_ORDER, SCHEMA, SUMMED, Plan, gathered, sums
from pipelines.calc.attribution.transforms import TRANSFORMS
from pipelines.errors import DataError, UsageError

ROWS_AT_ONCE = 100_000
COLUMNS = ("channel", "model", "conversions", "value", "removal_effect")
CREDITS = "channel string, model string, conversions double, value decimal(38, 9), removal_effect double"
MODELS = (*RULES, "markov", *(f"markov_{order}" for order in range(1, MAX_ORDER + 1)))
_SUMS = "model string, key string, " + ", ".join(f"{name} decimal(38, 15)" for name in SUMMED)
_PER_TOUCH = ("path", "seconds_before", "clicked")
_EXAMPLE = "One row holds path (array of channel), conversions, value, nulls."

Frame = TypeVar("Frame", DataFrame, pd.DataFrame)


def attribute(
    paths: Frame,
    models: str | Sequence[str] | None = None,
    order: int = 1,
    *,
    transforms: Sequence[str] = (),
    windows: Mapping[str, int] | None = None,
    half_life_days: float = 7.0,
    direct: str = "direct",
    post_click: Sequence[str] = ("email",),
) -> Frame:
    """One row per model and channel: what the channel has earned.

    Of each model, `conversions` and `value` sum to those of the paths; what no channel can be given (a path
    without a touch, a purchase without the click that a model asks for) stands under `Unattributed`. `value` is in
    units of 1e-9 and sums exactly; `pipelines.calc.money.rounded` brings it to the cent without losing one.
    `removal_effect` is null but for Markov chains, and 0 where nothing was bought.

    Args:
        paths: `path` (array of channel, in the order of time; null or empty: no touch), `conversions`, and, if
            there, `value` (revenue less returns; may be negative), `nulls` (how often it ended without a purchase),
            `seconds_before` (array, beside `path`: how long before the end) and `clicked` (array of boolean). A
            null number counts 0. The same path may stand in several rows.
        models: Of `MODELS`; capitals, spaces and dashes do not matter. Null: all that the columns allow, but
            `post_click`.
        order: Of the model `markov`: how many touches back the next one depends on.
        transforms: Of `TRANSFORMS`, applied one after the other.
        windows: By channel, for how many seconds a touch counts.
        half_life_days: Of `time_decay`.
        direct: The channel of those who came by themselves.
        post_click: The channels of the model `post_click`.

    Returns:
        A frame of the kind that was given: `channel, model, conversions, value, removal_effect`.

    Raises:
        UsageError: an unknown model, transform or order.
        DataError: the columns do not do, the paths have a fault, or a chain has more than 5,000 states.
    """
    there = [name for name in (*_PER_TOUCH, *SUMMED) if name in paths.columns]
    _refuse_missing(there)
    labels = _labels(models, order, "seconds_before" in there)
    plan = Plan(
        rules=tuple(dict.fromkeys(name for name in labels.values() if name in RULES)),
        orders=tuple(sorted({int(name[-1]) for name in labels.values() if name not in RULES})),
        transforms=tuple(_known(name, TRANSFORMS, "transform") for name in transforms),
        windows=dict(windows or {}),
        choices=Choices(half_life_days, direct, tuple(post_click)),
    )
    _refuse_untimed(plan, there)
    if isinstance(paths, pd.DataFrame):
        found = credits(_summed_here(_table(paths[there]), plan), plan, labels)
        rows = pd.DataFrame([astuple(credit) for credit in found], columns=list(COLUMNS))
        return rows.astype({"conversions": float, "removal_effect": float})
    asked = paths.select(*there)
    _refuse_types(asked.schema)
    found = credits(_summed_by_spark(asked, plan), plan, labels)
    return paths.sparkSession.createDataFrame([astuple(credit) for credit in found], CREDITS)


def _summed_here(table: pa.Table, plan: Plan) -> pa.Table:
    batches = table.to_batches(max_chunksize=ROWS_AT_ONCE)
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # NumPy and Arrow let go of the interpreter
        parts = list(pool.map(partial(sums, plan=plan), gathered(batches)))
    return pa.concat_tables([SCHEMA.empty_table(), *parts])


def _summed_by_spark(paths: DataFrame, plan: Plan) -> pa.Table:
    """Sums by key: as many rows as there are channels and observed steps, whatever the number of paths."""

    def summed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for table in gathered(batches):
            yield from sums(table, plan).to_batches()

    parts = paths.mapInArrow(summed, _SUMS)
    return parts.groupBy("model", "key").agg(*(F.sum(name).alias(name) for name in SUMMED)).toArrow()


def _table(paths: pd.DataFrame) -> pa.Table:
    if str in set(map(type, paths["path"])):
        raise DataError("The column path holds texts", remedy=f"Split them into channels. {_EXAMPLE}")
    kinds = {
        "path": pa.list_(pa.string()),
        "seconds_before": pa.list_(pa.int64()),
        "clicked": pa.list_(pa.bool_()),
    }
    try:
        columns = {
            name: pa.array(
                paths[name].tolist() if name in kinds else paths[name], kinds.get(name), from_pandas=True
            )
            for name in paths.columns
        }
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise DataError(f"The paths cannot be read: {error}", remedy=_EXAMPLE) from error
    wrong = [name for name in SUMMED if name in columns and not _is_number(columns[name].type)]
    if wrong:
        raise DataError(f"No numbers: {', '.join(wrong)}", remedy=_EXAMPLE)
    return pa.table(columns)


def _is_number(kind: pa.DataType) -> bool:
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null)
    return any(test(kind) for test in tests)


def _refuse_missing(there: Sequence[str]) -> None:
    missing = [name for name in ("path", "conversions") if name not in there]
    if missing:
        raise DataError(f"The paths have no column {' and no '.join(missing)}", remedy=_EXAMPLE)


def _refuse_types(types: StructType) -> None:
    for field in types:
        kind = field.dataType
        fits = isinstance(kind, ArrayType) if field.name in _PER_TOUCH else isinstance(kind, NumericType)
        if field.name == "path" and isinstance(kind, ArrayType):
            fits = isinstance(kind.elementType, StringType)
        if not fits and not isinstance(kind, NullType):
            raise DataError(f"The column {field.name} is {kind.simpleString()}", remedy=_EXAMPLE)


def _labels(models: str | Sequence[str] | None, order: int, timed: bool) -> dict[str, str]:
    """By the name that a model is shown under, its name among the sums."""
    if order not in range(1, MAX_ORDER + 1):
        raise UsageError(f"There is no order {order}", remedy=f"A chain's order is from 1 to {MAX_ORDER}.")
    if models is None:
        left_out = {"post_click"} | (set() if timed else {"time_decay"})
        models = [name for name in (*RULES, "markov") if name not in left_out]
    asked = [models] if isinstance(models, str) else models
    names = [_known(name, dict.fromkeys(MODELS), "model") for name in asked]
    return {name: f"markov_{int(order)}" if name == "markov" else name for name in names}


def _known(name: str, names: Mapping[str, object], what: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", name.strip().lower())
    if plain not in names:
        near = difflib.get_close_matches(plain, names, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(f"There is no {what} {name!r}", remedy=f"{hint}There are {', '.join(names)}.")
    return plain


def _refuse_untimed(plan: Plan, there: Sequence[str]) -> None:
    if "seconds_before" not in there and ("time_decay" in plan.rules or plan.windows):
        raise DataError(
            "Without times there are no windows and no time_decay",
            remedy="Give seconds_before, an array beside path: how long before the purchase each touch was.",
        )
    if not plan.choices.half_life_days > 0 or any(seconds < 0 for seconds in plan.windows.values()):
        raise UsageError(
            "A half-life is above 0 and a window not below", remedy="Give days and seconds, as 7 and 604800."
        )
