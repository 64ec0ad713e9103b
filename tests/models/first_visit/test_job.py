"""From receipts through training, gate and registry to the file that the site holds in memory."""

from __future__ import annotations

import gzip
import json
from datetime import date, timedelta
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from pipelines.errors import DataError
from pipelines.lakehouse.tracking import Tracking, VersionedRead
from pipelines.models.first_visit import FirstVisitParams
from pipelines.models.first_visit.evaluate import ndcg, visits
from pipelines.models.first_visit.job import JOB
from pipelines.models.lines import COLUMNS, read
from pipelines.models.receipts import INPUTS
from pipelines.models.training import TrainingResult, train
from pipelines.publish import site_feed
from tests.models.als.shop import persons_frame

pytestmark = pytest.mark.spark

FIRST, LAST, SERIES = date(2024, 1, 1), date(2024, 3, 31), 8


def shop() -> list[tuple[str, date, list[str]]]:
    """Receipts of nobody known: a cup and a saucer of one brand, all in one category."""
    dice = np.random.default_rng(3)
    receipts = []
    for number in range(600):
        brand, cup, saucer = dice.integers(SERIES), dice.integers(4), dice.integers(4)
        goods = [f"{brand}-cup-{cup}", f"{brand}-saucer-{saucer}"]
        receipts.append((f"r{number:03}", FIRST + timedelta(days=number % 91), goods))
    return receipts


@pytest.fixture(scope="module")
def reads(spark: SparkSession) -> dict[str, VersionedRead]:
    lines = [(number, day, good, 1.0) for number, day, goods in shop() for good in goods]
    goods = sorted({good for *_, good, _ in lines})
    frames = (
        spark.createDataFrame(
            [(number, None, None) for number, *_ in shop()],
            "receipt_id string, anchor_type string, anchor_value string",
        ),
        spark.createDataFrame(
            lines, "receipt_id string, purchased_on date, product_id string, quantity double"
        ),
        persons_frame(spark, {"c": "p"}),
        spark.createDataFrame(
            [(good, "HOME", "CHINA", f"Brand {good[0]}") for good in goods],
            "product_id string, department string, category string, brand string",
        ),
    )
    return {
        name: VersionedRead(name, f"/lake/{name}", version, frame)
        for version, (name, frame) in enumerate(zip(INPUTS, frames, strict=True), start=1)
    }


def trained(reads: dict[str, VersionedRead], tracking: Tracking, as_of: date = LAST) -> TrainingResult:
    return train(
        JOB,
        reads,
        as_of=as_of,
        params=FirstVisitParams(),
        never_offered=(),
        holdout_days=14,
        tracking=tracking,
    )


def test_from_receipts_to_the_file_of_the_site(reads: dict[str, VersionedRead], tmp_path: Path) -> None:
    tracking = Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path / "artifacts"), "trials")
    folder = tmp_path / "release"
    folder.mkdir()
    site_feed.export_contexts(tracking, LAST, folder)
    assert not list(folder.iterdir()), "no champion, no file"

    result = trained(reads, tracking)
    worth = {row["model"]: row["ndcg_at_10"] for row in result.table}
    assert worth["first_visit"] > 2 * worth["popularity within the category"]
    assert result.decision.promote, result.decision.reason

    site_feed.export_contexts(tracking, LAST - timedelta(days=1), folder)
    assert not list(folder.iterdir()), "it has seen what came later"
    site_feed.export_contexts(tracking, LAST, folder)
    packed = (folder / site_feed.FOLDER / site_feed.CONTEXTS).read_bytes()
    (line,) = gzip.decompress(packed).splitlines()
    told = json.loads(line)
    assert (told["schema"], told["model_version"]) == ("first_visit/1", "first_visit/1")
    best = [good for good, _ in told["contexts"]["brand"]["Brand 3"]["goods"][:8]]
    assert {good[0] for good in best} == {"3"}, "an interest in a brand leads to its goods"

    mlflow.set_tracking_uri(tracking.uri)
    model = mlflow.pyfunc.load_model("models:/first_visit@champion")
    found = model.predict(pd.DataFrame({"session_id": ["s"], "product_id": ["3-cup-0"]}), params={"k": 3})
    assert {good[0] for good in found["product_id"]} == {"3"}
    assert trained(reads, tracking).reused


def test_too_little_history_says_so(reads: dict[str, VersionedRead], tmp_path: Path) -> None:
    tracking = Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path / "artifacts"), "trials")
    with pytest.raises(DataError, match="Nothing was bought before"):
        trained(reads, tracking, FIRST + timedelta(3))


def test_the_visits_that_are_asked_about_by_hand() -> None:
    """Of three later receipts one has two known goods of one category; `new` was never sold before."""
    rows = [
        *((None, "1", date(2024, 1, 1), good, 1.0) for good in ("a1", "a2", "a3", "b1")),
        *((None, "2", date(2024, 2, 1), good, 1.0) for good in ("a1", "a2", "b1", "new")),
        *((None, "3", date(2024, 2, 2), good, 1.0) for good in ("a1", "b1", "new")),
    ]
    lines = pa.table(dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True)))
    goods = pa.table({"product_id": ["a1", "a2", "a3", "b1", "new"], "category": [*"AAAB", "A"]})
    (visit,) = visits(read(lines, as_of=date(2024, 3, 1)), goods, date(2024, 1, 15))
    assert {visit.seen, *visit.bought} == {"a1", "a2"}
    assert {visit.seen, *visit.listing} == {"a1", "a2", "a3"}
    assert ndcg(["a", "b"], frozenset({"b"})) == pytest.approx(0.6309, abs=1e-4)
    with pytest.raises(DataError, match="two goods of one category"):
        visits(read(lines, as_of=date(2024, 3, 1)), goods, date(2024, 2, 3))
