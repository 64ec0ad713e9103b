"""Single receipts shared out, touch by touch: to the cent, by any rule or by a chain's removal effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.calc.attribution.finish import UNATTRIBUTED
from pipelines.calc.attribution.paths import BadPaths, Floats, Paths, read_paths
from pipelines.calc.attribution.rules import RULES, Choices, in_proportion
from pipelines.calc.money import CENT, rounded_rows
from pipelines.errors import DataError

SCHEMA = pa.schema(
    [
        ("receipt", pa.int64()),
        ("touch", pa.int64()),
        ("channel", pa.string()),
        ("model", pa.string()),
        ("share", pa.float64()),
        ("value", pa.decimal128(18, 2)),
    ]
)


def receipt_credits(
    receipts: pa.Table,
    models: Sequence[str],
    *,
    windows: Mapping[str, int] | None = None,
    choices: Choices | None = None,
    effects: Mapping[str, Mapping[str, float]] | None = None,
) -> pa.Table:
    """One row per receipt, model and touch with a credit, or one `Unattributed` row where no touch has one.

    Of each receipt and model the shares sum to 1 and the values to the receipt's value, to the cent; a return is
    shared as its sale was. Works on a batch of any size, so also inside `mapInArrow`.

    Args:
        receipts: A row each: `path`, `value` (cents at the finest), and, if there, `seconds_before` and
            `clicked`, as in `attribute`.
        models: Rules, as in `attribute`, and names of `effects`.
        windows: By channel, for how many seconds a touch counts.
        choices: What the rules leave open.
        effects: By a model's name, the removal effect of each channel, such as `attribute` gives; each receipt
            is shared in their proportion among the channels that it saw, equally among one channel's touches.

    Returns:
        `receipt` (its row, from 0), `touch` (its place in `path`; null for `Unattributed`), `channel`, `model`,
        `share`, `value`.

    Raises:
        DataError: a fault in the receipts.
    """
    try:
        paths = read_paths(receipts, windows)
    except BadPaths as bad:
        raise DataError(
            f"No credits of these receipts: {bad.fault.value} ({bad.count:,})",
            remedy="Correct or leave out the receipts in question.",
        ) from bad
    found = []
    for model in models:
        if effects is not None and model in effects:
            weights = by_effect(paths, effects[model])
        else:
            weights = RULES[model](paths, choices or Choices())
        found.append(_credited(paths, model, weights))
    return pa.concat_tables(found) if found else SCHEMA.empty_table()


def by_effect(paths: Paths, effects: Mapping[str, float]) -> Floats:
    """Weights of touches in proportion to their channels' effects; a channel's is split among its touches."""
    pairs = paths.rows * max(len(paths.names), 1) + paths.channels
    _, inverse, times = np.unique(pairs, return_inverse=True, return_counts=True)
    by_code = np.asarray([effects.get(name, 0.0) for name in paths.names.to_pylist()], dtype=np.float64)
    weights = by_code[paths.channels] / times[inverse]
    return in_proportion(weights, paths)


def _credited(paths: Paths, model: str, weights: Floats) -> pa.Table:
    some = weights > 0
    nobody = np.ones(len(paths.lengths), dtype=np.bool_)
    nobody[paths.rows[some]] = False
    alone = np.flatnonzero(nobody)
    rows = np.concatenate([paths.rows[some], alone])
    shares = np.concatenate([weights[some], np.ones(len(alone))])
    cents = np.rint(paths.value.cast(pa.float64()).to_numpy() * 100).astype(np.int64)
    parts = rounded_rows(cents[rows] * shares, rows, cents)
    channels = paths.names.take(pa.array(paths.channels[some]))
    columns = [
        pa.array(rows),
        pa.concat_arrays([pa.array(paths.given[some]), pa.nulls(len(alone), pa.int64())]),
        pa.concat_arrays([channels, pa.array([UNATTRIBUTED] * len(alone), pa.string())]),
        pa.array([model] * len(rows), pa.string()),
        pa.array(shares),
        pc.multiply(pa.array(parts).cast(pa.decimal128(19, 0)), pa.scalar(CENT)).cast(pa.decimal128(18, 2)),
    ]
    table = pa.table(columns, SCHEMA)
    return table.take(pa.array(np.lexsort((np.concatenate([paths.given[some], alone]), rows))))
