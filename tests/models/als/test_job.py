from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.lakehouse.tracking import Champion, Tracking, VersionedRead
from pipelines.models.als import champion as champions
from pipelines.models.als.factors import AlsFactors
from pipelines.models.als.job import TrainingResult, champion_on_split, train
from pipelines.models.als.train import AlsParams
from pipelines.models.days import INPUTS
from pipelines.models.training import training_key
from tests.models.als.shop import (
    AS_OF,
    PARAMS,
    cards,
    days_frame,
    goods,
    history,
    persons_frame,
    products_frame,
    recommended,
)

Reads = Mapping[str, VersionedRead]
SPLIT = AS_OF - timedelta(days=7)
EMPTY = np.empty((0, 1), np.float32)


def factors_of(buyers: int) -> AlsFactors:
    return AlsFactors(pa.array([]), EMPTY, pa.array([]), EMPTY, np.array([buyers], np.int32))


@pytest.mark.parametrize(
    ("trained", "tags", "expected"),
    [
        (SPLIT, {"params": json.dumps(dataclasses.asdict(PARAMS))}, "own"),
        (AS_OF, {"params": json.dumps(dataclasses.asdict(PARAMS))}, "challenger"),
        (AS_OF, {"params": json.dumps({**dataclasses.asdict(PARAMS), "rank": 5})}, "refit with rank 5"),
        (AS_OF, {"params": json.dumps({"an older": "parameter"})}, "own"),
        (AS_OF, {}, "own"),
    ],
)
def test_the_champion_is_compared_without_knowing_the_answers(
    trained: date, tags: dict[str, str], expected: str
) -> None:
    named = {"challenger": factors_of(1), "own": factors_of(2)}

    def refit(params: AlsParams) -> AlsFactors:
        named[f"refit with rank {params.rank}"] = factors_of(3)
        return named[f"refit with rank {params.rank}"]

    chosen = champion_on_split(
        Champion("als", 1, "run", trained, tags),
        split=SPLIT,
        params=PARAMS,
        challenger=named["challenger"],
        own=lambda: named["own"],
        refit=refit,
    )
    assert chosen is named[expected]


@pytest.fixture(scope="module")
def reads(spark: SparkSession) -> Reads:
    frames = (
        days_frame(spark, history()),
        persons_frame(spark, cards()),
        products_frame(spark, goods()).withColumn("category", F.lit("pets")),
    )
    return {
        name: VersionedRead(name, f"/lake/{name}", version, frame)
        for version, (name, frame) in enumerate(zip(INPUTS, frames, strict=True), start=1)
    }


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    place = tmp_path_factory.mktemp("mlflow")
    return Tracking(f"sqlite:///{place / 'mlflow.db'}", str(place / "artifacts"), "trials")


def trained(reads: Reads, tracking: Tracking) -> TrainingResult:
    return train(
        reads,
        as_of=AS_OF,
        params=PARAMS,
        driver_rows=1000,
        never_offered=[],
        holdout_days=7,
        min_gain=0.0,
        tracking=tracking,
    )


@pytest.mark.spark
def test_a_training_from_data_to_recommendations_and_its_reuse(reads: Reads, tracking: Tracking) -> None:
    result = trained(reads, tracking)
    assert result.decision.promote, result.decision.reason
    assert not result.reused
    assert ("new goods", "als") in [row[:2] for row in result.rows()]

    champion = tracking.champion("als", AS_OF)
    assert champion is not None
    assert (champion.label, tracking.champion("als", SPLIT)) == ("als/1", None)
    frames = (reads[name].frame for name in INPUTS)
    offers = recommended(*frames, als=champions.load(tracking, champion), per_person=1)
    # Who lacks one good of their own taste is offered it.
    best = {row.person_id: row.product_id for row in offers.collect()}
    assert {p: g for p, g in best.items() if int(p[-2:]) % 2 == 0} == {
        f"p-{taste}-{i:02}": f"{taste}-{i % 6}" for taste in ("cat", "dog") for i in range(0, 12, 2)
    }

    again = trained(reads, tracking)
    assert again.reused
    assert (again.version, again.decision, list(again.comparison)) == (
        result.version,
        result.decision,
        list(result.comparison),
    )


@pytest.mark.spark
def test_the_run_names_its_inputs_with_their_versions_and_keeps_the_comparison(
    reads: Reads, tracking: Tracking
) -> None:
    from mlflow import MlflowClient

    result = trained(reads, tracking)
    client = MlflowClient(tracking.uri, tracking.uri)
    run = client.get_run(result.version.run_id)
    sources = {d.dataset.name: json.loads(d.dataset.source) for d in run.inputs.dataset_inputs}
    assert {name: (s["path"], s["delta_table_version"]) for name, s in sources.items()} == {
        name: (f"/lake/{name}", version) for version, name in enumerate(INPUTS, start=1)
    }
    assert run.data.params["rank"] == str(PARAMS.rank)
    assert 0 < run.data.metrics["new.als.ndcg_at_10"] <= 1
    with tracking.artifacts_of(result.version.run_id, "evaluation") as folder:
        assert {file.name for file in folder.iterdir()} == {"comparison.csv", "comparison.png"}


@pytest.mark.spark
def test_the_key_follows_data_and_settings(reads: Reads) -> None:
    key = training_key(reads, {"rank": 4}, package="pipelines.models.als")
    moved = {**reads, INPUTS[0]: dataclasses.replace(reads[INPUTS[0]], version=9)}
    remade = {**reads, INPUTS[0]: dataclasses.replace(reads[INPUTS[0]], incarnation="another table")}
    assert training_key(dict(reads), {"rank": 4}, package="pipelines.models.als") == key
    assert (
        len(
            {
                key,
                training_key(reads, {"rank": 5}, package="pipelines.models.als"),
                training_key(moved, {"rank": 4}, package="pipelines.models.als"),
                training_key(remade, {"rank": 4}, package="pipelines.models.als"),
            }
        )
        == 4
    )
