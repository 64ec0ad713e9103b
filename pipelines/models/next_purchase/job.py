"""One training of `next_purchase`: compare, fit, register, decide. One MLflow run, reused when it is asked for again.

The fit until `as_of - holdout_days` is compared on the first visit after (`evaluate`); a fit with the same parameters
until `as_of` becomes the next version, and the gate of all models decides by the comparison whether it is promoted. The
champion stands on the split as its parameters, fitted until the split too: what it has seen of the days after would be
the answers. Where they are the challenger's, only the age of the data differs.
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

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from pyspark.sql import functions as F

from pipelines.lakehouse.tracking import Champion, Tracking, VersionedRead
from pipelines.models import gate, training
from pipelines.models.als.features import offered, purchases
from pipelines.models.als.job import INPUTS, PERSONS, PRODUCT_DAYS, PRODUCTS
from pipelines.models.lines import coded
from pipelines.models.next_purchase import champion as champions
from pipelines.models.next_purchase import served
from pipelines.models.next_purchase.evaluate import BASELINES, OURS, Comparison, calibration, compare
from pipelines.models.next_purchase.model import kinds, learn
from pipelines.models.next_purchase.train import Params
from pipelines.models.next_purchase.visits import Ints, Purchases, day_number, purchased

MAX_PERSONS = 20_000  # learned from on the driver; ids are hashes, so the first ones are a fair sample


def train(
    reads: Mapping[str, VersionedRead],
    *,
    as_of: date,
    params: Params,
    never_offered: Sequence[str],
    holdout_days: int,
    tracking: Tracking,
) -> training.TrainingResult:
    """Train, or find the finished training of the same data, parameters and code.

    Args:
        reads: Of `als.job.INPUTS` by table name, each at a fixed version.
        as_of: The last day to learn from.
        params: Of the model.
        never_offered: Departments that are neither learned from nor asked for.
        holdout_days: The last days until `as_of`, in which the first visits are foreseen.
        tracking: Where the run, the model and the verdict are kept.

    Raises:
        DataError: too little history: nobody came back before the split.
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
    with tracking.run(f"{champions.NAME} until {as_of}", tags={"training_key": key}, params=settings):
        tracking.log_inputs([reads[name] for name in INPUTS])
        known, people, goods, groups = _collected(reads, as_of, never_offered)
        split = known.clock - holdout_days
        until = as_of - timedelta(days=holdout_days - 1)
        challenger = learn(known.before(split), people, goods, *groups, as_of=until, params=params)
        compared = compare(known, challenger, split)
        standing = None
        if champion:
            theirs = _params(champion)
            standing = compared.parts[OURS]
            if theirs != params:
                refitted = learn(known.before(split), people, goods, *groups, as_of=until, params=theirs)
                standing = compare(known, refitted, split).parts[OURS]
        decision = gate.decide(
            compared.parts[OURS],
            standing,
            {name: compared.parts[name] for name in BASELINES},
            fresher=champion is None or champion.trained_as_of < as_of,
        )
        learned = learn(known, people, goods, *groups, as_of=as_of + timedelta(days=1), params=params)
        table = _table(compared, params.seed)
        tracking.log_metrics(_metrics(table))
        with tempfile.TemporaryDirectory(prefix="tillpost-") as folder:
            _write_evaluation(Path(folder), table, compared)
            tracking.log_folder(Path(folder), training.EVALUATION)
        version = training.register(
            tracking,
            champions.NAME,
            served,
            partial(champions.write, learned),
            as_of=as_of,
            params=asdict(params),
        )
    return training.finish(tracking, version, key, decision, table)


def _params(champion: Champion) -> Params:
    """Those that it was trained with."""
    found = json.loads(champion.tags["params"])
    return Params(**{**found, "look_back": tuple(found["look_back"])})


def _collected(
    reads: Mapping[str, VersionedRead], as_of: date, never_offered: Sequence[str]
) -> tuple[Purchases, pa.Array, pa.Array, tuple[Ints, Ints]]:
    """Purchases of at most `MAX_PERSONS`, the ids of persons and goods, and the goods' kinds and categories."""
    days = purchases(reads[PRODUCT_DAYS].frame, reads[PERSONS].frame, as_of=as_of)
    products = reads[PRODUCTS].frame
    goods = offered(products, never_offered).select("product_id")
    persons = days.select("person_id").distinct().orderBy("person_id").limit(MAX_PERSONS)
    rows = (
        days.join(goods, on="product_id", how="left_semi")
        .join(persons, on="person_id", how="left_semi")
        .select("person_id", "product_id", F.col("purchased_on"))
        .toArrow()
    )
    people, person = coded(rows["person_id"])
    ids, good = coded(rows["product_id"])
    day = rows["purchased_on"].cast(pa.int32()).to_numpy().astype(np.int64)
    clock = np.full(len(people), day_number(as_of + timedelta(days=1)))
    return purchased(person, good, day, clock), people, ids, kinds(ids, products)


def _table(found: Comparison, seed: int) -> list[dict[str, Any]]:
    rows = []
    for name, recall in found.recall.items():
        parts = {str(part): float(np.nanmean(one)) for part, one in found.parts[name].parts.items()}
        gain = "" if name == OURS else str(gate.paired(found.recall[OURS], recall, seed=seed))
        both = float(recall.mean()), float(found.ndcg[name].mean())
        rows.append(
            {
                "model": name,
                "persons": len(recall),
                "recall_at_10": both[0],
                "ndcg_at_10": both[1],
                **parts,
                "gain": gain,
                "said": f"recall@10 {both[0]:.4f}  nDCG@10 {both[1]:.4f}  {gain and f'{gain} behind'}".rstrip(),
            }
        )
    return rows


def _metrics(table: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    measured = ("recall_at_10", "ndcg_at_10", "repeat", "explore")
    return {f"{row['model'].replace(' ', '_')}.{name}": row[name] for row in table for name in measured}


def _write_evaluation(folder: Path, table: Sequence[Mapping[str, Any]], found: Comparison) -> None:
    import altair as alt  # seconds to import, and needed only here

    name, text = training.comparison(table)
    (folder / name).write_text(text, encoding="utf-8")
    points = calibration(found)
    pa_csv.write_csv(points, folder / "calibration.csv")
    base = alt.Chart(alt.InlineData(values=points.to_pylist()), title="Calibration").encode(
        x=alt.X("chance:Q", title="Chance foreseen"), y=alt.Y("share:Q", title="Share bought")
    )
    (base.mark_line(point=True)).save(folder / "calibration.png", scale_factor=2)
