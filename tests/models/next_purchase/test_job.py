"""From tables through training, gate and registry to `gold.recommendations`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from pipelines.gold import recommendations
from pipelines.lakehouse.tracking import Tracking, VersionedRead
from pipelines.models.champions import LOADERS
from pipelines.models.days import INPUTS
from pipelines.models.next_purchase.job import JOB
from pipelines.models.next_purchase.served import ServedNextPurchase
from pipelines.models.training import train
from pipelines.publish.models_page import collect_models
from tests.models.als.shop import bought, days_frame, persons_frame, recommended
from tests.models.next_purchase.shop import AS_OF, PARAMS, PEOPLE, goods, lines

LAST = AS_OF - timedelta(days=1)

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def reads(spark: SparkSession) -> dict[str, VersionedRead]:
    cards = {f"c{n:02}": f"p{n:02}" for n in range(PEOPLE)} | {"c-silent": "silent"}
    rows = lines()[["customer_id", "product_id", "purchased_at"]].itertuples(index=False)
    frames = (
        days_frame(spark, [bought(f"c{customer[1:]}", good, day) for customer, good, day in rows]),
        persons_frame(spark, cards),
        spark.createDataFrame(goods()),
    )
    return {
        name: VersionedRead(name, f"/lake/{name}", version, frame)
        for version, (name, frame) in enumerate(zip(INPUTS, frames, strict=True), start=1)
    }


def test_from_receipts_to_recommendations_and_the_reuse_of_a_training(
    spark: SparkSession, reads: dict[str, VersionedRead], tmp_path: Path
) -> None:
    tracking = Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path / "artifacts"), "trials")

    def trained():  # type: ignore[no-untyped-def]
        return train(
            JOB, reads, as_of=LAST, params=PARAMS, never_offered=(), holdout_days=14, tracking=tracking
        )

    result = trained()
    by_model = {row["model"]: row for row in result.table}
    ours = by_model.pop("next_purchase")
    assert ours["ndcg_at_10"] > 0.6  # of three goods bought one is a draw among forty
    above = all(ours[part] > other[part] for part in ("repeat", "explore") for other in by_model.values())
    assert result.decision.promote == above, result.decision.reason
    tracking.promote(result.version)
    champion = tracking.champion("next_purchase", LAST)
    assert champion is not None
    assert tracking.champion("next_purchase", LAST - timedelta(days=1)) is None

    loaded = LOADERS["next_purchase"](tracking, champion)
    frames = (reads[name].frame for name in INPUTS)
    offers = recommended(*frames, as_of=LAST, next_purchase=loaded, per_person=4).toPandas()
    assert list(offers.columns) == list(recommendations.TABLE.names)
    assert offers.groupby("person_id")["rank"].apply(sorted).tolist() == [[1, 2, 3, 4]] * (PEOPLE + 1)
    best = offers[offers["rank"] == 1].set_index("person_id")
    assert set(best["product_id"]) == {"bread"}
    assert set(best.drop(index="silent")["model_version"]) == {"next_purchase/1"}
    assert best.loc["silent", "model_version"] == "next_purchase/1 popular"

    served = ServedNextPurchase(loaded.model).predict(lines(until=LAST), {"k": 4})
    assert served[served["rank"] == 1]["product_id"].eq("bread").all()

    told = collect_models(tracking, LAST)
    assert told.inputs == {"next_purchase/1": {name: reads[name].version for name in sorted(INPUTS)}}
    assert [row["model"] for row in told.tables["next_purchase"]] == [row["model"] for row in result.table]
    assert collect_models(tracking, LAST - timedelta(days=1)).held == []

    again = trained()
    assert again.reused
    assert (again.version.label, again.decision) == (result.version.label, result.decision)
    pd.testing.assert_frame_equal(pd.DataFrame(again.table), pd.DataFrame(result.table))
