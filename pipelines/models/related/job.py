"""One training of `related`: compare, fit, register, decide. One MLflow run, reused when it is asked for again.

The relations of the receipts until `as_of - holdout_days` are compared on the receipts after (`evaluate`); those of all
receipts until `as_of` become the next version, and the gate of all models decides by the comparison whether it is
promoted. The champion stands on the split as its parameters, fitted until the split too.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.store import held
from pipelines.lakehouse.tracking import Tracking, VersionedRead
from pipelines.models import gate, training
from pipelines.models.als.features import offered
from pipelines.models.lines import Lines, netted, read
from pipelines.models.related import champion as champions
from pipelines.models.related import served
from pipelines.models.related.evaluate import BASELINES, OURS, Cases, hit, hits, left_out, measured
from pipelines.models.related.score import write
from pipelines.models.related.train import RelatedParams, fit, of_lines
from pipelines.silver.person_identifiers import IDENTIFIER, current

RECEIPTS, LINES = "silver.receipts", "silver.receipt_lines"
PERSONS, PRODUCTS = "silver.person_identifiers", "silver.products"
INPUTS = (RECEIPTS, LINES, PERSONS, PRODUCTS)


def train(
    reads: Mapping[str, VersionedRead],
    *,
    as_of: date,
    params: RelatedParams,
    never_offered: Sequence[str],
    holdout_days: int,
    tracking: Tracking,
) -> training.TrainingResult:
    """Train, or find the finished training of the same data, parameters and code.

    Args:
        reads: Of `INPUTS` by table name, each at a fixed version.
        as_of: The last day to learn from.
        params: Of the model. Of more lines than `driver_rows` the comparison takes a sample of the receipts.
        never_offered: Departments that are neither learned from nor asked for.
        holdout_days: The last days until `as_of`, in whose receipts goods are left out.
        tracking: Where the run, the model and the verdict are kept.

    Raises:
        DataError: there are no receipts to learn from, or none to ask about.
        SystemFault: the tracking store cannot be reached or written.
    """
    settings = {
        **asdict(params),
        "as_of": as_of.isoformat(),
        "never_offered": list(never_offered),
        "holdout_days": holdout_days,
    }
    key = training.training_key(reads, settings, package=__package__)
    if done := tracking.find_training(champions.NAME, key):
        return training.finished(tracking, done)
    champion = tracking.champion(champions.NAME, as_of)
    end, split = as_of + timedelta(days=1), as_of - timedelta(days=holdout_days - 1)
    with (
        tracking.run(f"{champions.NAME} until {as_of}", tags={"training_key": key}, params=settings),
        held(_lines(reads, end, never_offered)) as known,
    ):
        tracking.log_inputs([reads[name] for name in INPUTS])
        rows = _sample(known, params.driver_rows)
        before = read(rows, as_of=split)
        cases = left_out(before, rows, split, end)
        found = hits(of_lines(before, params), before, cases)
        theirs = RelatedParams(**json.loads(champion.tags["params"])) if champion else params
        standing = found[OURS] if theirs == params else _of(theirs, before, cases)
        decision = gate.decide(
            measured(found[OURS], cases),
            measured(standing, cases) if champion else None,
            {name: measured(found[name], cases) for name in BASELINES},
            fresher=champion is None or champion.trained_as_of < as_of,
        )
        table = [_row(name, of, cases, found[OURS]) for name, of in found.items()]
        tracking.log_metrics(
            {f"{row['model'].replace(' ', '_')}.hit_at_10": row["hit_at_10"] for row in table}
        )
        learned = fit(known, as_of=end, params=params)
        with tempfile.TemporaryDirectory(prefix="tillpost-") as folder:
            name, text = training.comparison(table)
            Path(folder, name).write_text(text, encoding="utf-8")
            tracking.log_folder(Path(folder), training.EVALUATION)
        version = training.register(
            tracking, champions.NAME, served, partial(write, learned), as_of=as_of, params=asdict(params)
        )
    return training.finish(tracking, version, key, decision, table)


def _lines(reads: Mapping[str, VersionedRead], end: date, never_offered: Sequence[str]) -> DataFrame:
    """`lines.COLUMNS` of the receipts of days before `end`: goods that may be offered, net of returns.

    Receipts of nobody known are among them, since they say as much of what goes together.
    """
    goods = offered(reads[PRODUCTS].frame, never_offered).select("product_id")
    persons = current(reads[PERSONS].frame).withColumnRenamed("person_id", "customer_id")
    anchors = [F.col(f"anchor_{part}").alias(f"identifier_{part}") for part in ("type", "value")]
    owners = (
        reads[RECEIPTS]
        .frame.select("receipt_id", *anchors)
        .join(persons, on=list(IDENTIFIER), how="left")
        .select("receipt_id", "customer_id")
    )
    lines = (
        reads[LINES]
        .frame.join(goods, on="product_id", how="left_semi")
        .join(owners, on="receipt_id", how="left")
        .select(
            "customer_id",
            F.col("receipt_id").alias("basket_id"),
            F.col("purchased_on").alias("purchased_at"),
            "product_id",
            F.col("quantity").cast("double").alias("quantity"),
        )
    )
    return netted(lines, as_of=end)


def _sample(known: DataFrame, most: int) -> pa.Table:
    """All lines, or those of a share of the receipts that are `most` in the mean."""
    count = known.count()
    share = F.pmod(F.xxhash64("basket_id"), F.lit(1_000_000)) < F.lit(
        max(1, 1_000_000 * most // max(count, 1))
    )
    return (known if count <= most else known.where(share)).toArrow()  # bounded by `most`


def _of(params: RelatedParams, before: Lines, cases: Cases) -> Any:
    model = of_lines(before, params)
    return hit(model.matrix("together"), cases, model.buyers)


def _row(name: str, of: Any, cases: Cases, ours: Any) -> dict[str, Any]:
    gain = "" if name == OURS else str(gate.paired(ours, of, seed=0))
    share = float(of.mean())
    return {
        "model": name,
        "cases": len(cases.target),
        "hit_at_10": share,
        "gain": gain,
        "said": f"the good left out among ten: {share:.4f}  {gain and f'{gain} behind'}".rstrip(),
    }
