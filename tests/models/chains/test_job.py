"""From purchases and forms through training, gate and registry to what comes next in `gold.recommendations`."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from pipelines.errors import DataError
from pipelines.lakehouse.tracking import Tracking, VersionedRead
from pipelines.models.chains import ChainParams
from pipelines.models.chains.catalogue import births, states
from pipelines.models.chains.job import CUSTOMERS, JOB
from pipelines.models.chains.served import ServedChains
from pipelines.models.champions import LOADERS
from pipelines.models.days import INPUTS
from pipelines.models.training import TrainingResult, train
from tests.models.als.shop import bought, customers_frame, days_frame, persons_frame, recommended
from tests.models.chains.shop import AS_OF, START, STATES, sizes

pytestmark = pytest.mark.spark

CHILDREN, LAST = 150, AS_OF - timedelta(days=1)
LINES, BORN = sizes(CHILDREN)
HALF = dict(zip(BORN["customer_id"][::2], BORN["born_on"][::2], strict=True))
"""Of every second child the form names the birth date."""


def catalogue(spark: SparkSession) -> DataFrame:
    """Diapers by their size, noise by its type; `d4y` is there no more, and loose things have neither."""
    rows = [
        (
            good,
            "CARE",
            chain,
            "DIAPERS" if chain == "DIAPERS" else state,
            state[5:] if chain == "DIAPERS" else None,
        )
        for good, chain, state in STATES.itertuples(index=False)
        if good != "d4y"
    ]
    rows += [("loose", None, "NOISE", None, None), ("lost", None, None, "N1", "3")]
    return spark.createDataFrame(
        rows,
        "product_id string, department string, category string, product_type string, size_label string",
    ).selectExpr("*", "cast(null as string) as title", "cast(null as string) as brand")


@pytest.fixture(scope="module")
def reads(spark: SparkSession) -> dict[str, VersionedRead]:
    rows = [bought(f"c{row.customer_id}", row.product_id, row.purchased_at) for row in LINES.itertuples()]
    frames = (
        days_frame(spark, rows),
        persons_frame(spark, {f"c{child}": f"p{child:03}" for child in range(CHILDREN)}),
        catalogue(spark),
        customers_frame(spark, {f"c{child}": [born] for child, born in HALF.items() if born <= LAST}),
    )
    return {
        name: VersionedRead(name, f"/lake/{name}", version, frame)
        for version, (name, frame) in enumerate(zip((*INPUTS, CUSTOMERS), frames, strict=True), start=1)
    }


def trained(reads: dict[str, VersionedRead], tracking: Tracking, as_of: date = LAST) -> TrainingResult:
    return train(
        JOB,
        reads,
        as_of=as_of,
        params=ChainParams(),
        never_offered=(),
        holdout_days=28,
        tracking=tracking,
    )


def test_from_purchases_to_what_comes_next_and_the_reuse_of_a_training(
    reads: dict[str, VersionedRead], tmp_path: Path
) -> None:
    tracking = Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path / "artifacts"), "trials")
    result = trained(reads, tracking)
    worth = {row["model"]: row for row in result.table}
    assert result.decision.promote, result.decision.reason
    assert worth["chains"]["skill"] > 0.3 > worth["share of the step"]["skill"], "the clock is what tells"
    champion = tracking.champion("chains", LAST)
    assert tracking.champion("chains", LAST - timedelta(days=1)) is None, "it has seen what came later"
    assert champion is not None
    loaded = LOADERS["chains"](tracking, champion)

    frames = [reads[name].frame for name in INPUTS]
    told = {f"c{child}": [born] for child, born in HALF.items() if born <= LAST}
    found = recommended(*frames, children=told, as_of=LAST, chains=loaded).toPandas()
    assert set(found["model_version"]) == {"chains/1"}
    assert found["propensity"].isna().all()
    assert (found["score"] >= 0.05).all()
    assert not (found["product_id"] == "d4y").any(), "who would get it gets the other brand of the size"
    diapers = LINES[LINES["product_id"].str.startswith("d")]
    worn = diapers["product_id"].str[1].groupby(diapers["customer_id"]).agg(set)
    for row in found.itertuples():
        child, size = int(row.person_id[1:]), row.product_id[1]
        assert size not in worn[child], "nobody is offered a size that they had"
        assert str(int(size) - 1) in worn[child]
        by_age = row.reason.startswith(f"Diapers, Size {size} is usually bought at the age of about ")
        assert by_age == (child in HALF)
        before = f"After Diapers, Size {int(size) - 1}"
        assert by_age or row.reason.startswith(f"{before}, people take Diapers, Size {size}, about ")

    planted = days_frame(frames[0].sparkSession, [bought("c1", "d4x", LAST + timedelta(1))]).unionByName(
        frames[0]
    )
    again = recommended(planted, *frames[1:], children=told, as_of=LAST, chains=loaded).toPandas()
    key = ["person_id", "rank"]
    pd.testing.assert_frame_equal(
        again.sort_values(key, ignore_index=True), found.sort_values(key, ignore_index=True)
    )
    likely = recommended(*frames, children=told, as_of=LAST, chains=loaded, least_chance=0.9).toPandas()
    assert 0 < len(likely) == (found["score"] >= 0.9).sum() < len(found)

    served = ServedChains(loaded.model).predict(LINES.assign(product_id=LINES["product_id"]), {"k": 1})
    assert served["reason"].str.startswith("After DIAPERS, size ").all()
    assert trained(reads, tracking).reused


def test_too_little_history_says_so(reads: dict[str, VersionedRead], tmp_path: Path) -> None:
    tracking = Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path / "artifacts"), "trials")
    with pytest.raises(DataError, match="Of 0 things asked"):
        trained(reads, tracking, START + timedelta(60))
    with pytest.raises(DataError, match="Nothing was bought before"):
        trained(reads, tracking, START - timedelta(60))


def test_states_and_births_by_hand(spark: SparkSession, tmp_path: Path) -> None:
    found = {row.product_id: (row.chain, row.state) for row in states(catalogue(spark)).collect()}
    assert found["d3x"] == ("DIAPERS", "DIAPERS, size 3")
    assert found["n5"] == ("NOISE", "N5")
    assert (found["loose"], found["lost"]) == (("NOISE", None), (None, "N1"))
    forms = customers_frame(
        spark, {"a": [date(2020, 1, 1), date(2024, 5, 1)], "b": [date(2022, 1, 1)], "x": []}
    )
    forms.write.parquet(str(tmp_path / "forms"))
    stored = spark.read.parquet(str(tmp_path / "forms"))  # Sail plans a scan otherwise than rows in memory
    known = births(stored, persons_frame(spark, {"a": "ann", "b": "ann", "x": "x"}), as_of=LAST)
    assert [tuple(row) for row in known.collect()] == [("ann", date(2022, 1, 1))], "the youngest that is born"
