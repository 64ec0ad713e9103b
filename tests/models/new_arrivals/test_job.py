"""From purchases through training, gate and registry to the new goods in `gold.recommendations`."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from pipelines.errors import DataError
from pipelines.lakehouse.tracking import Tracking, VersionedRead
from pipelines.models.champions import LOADERS
from pipelines.models.days import INPUTS
from pipelines.models.kept import Loaded
from pipelines.models.lines import read
from pipelines.models.new_arrivals import NewArrivalsParams
from pipelines.models.new_arrivals.job import JOB
from pipelines.models.new_arrivals.served import ServedNewArrivals
from pipelines.models.new_arrivals.train import learn
from pipelines.models.training import TrainingResult, train
from tests.models.als.shop import bought, days_frame, persons_frame, recommended
from tests.models.new_arrivals.shop import AS_OF, PEOPLE, PRODUCTS, shop

pytestmark = pytest.mark.spark

LAST = AS_OF - timedelta(days=1)
LINES = shop()
UNSOLD = "tea77"
"""Came into the catalogue three days ago, and nobody has bought it yet."""


@pytest.fixture(scope="module")
def reads(spark: SparkSession) -> dict[str, VersionedRead]:
    rows = [bought(f"c{row.customer_id}", row.product_id, row.purchased_at) for row in LINES.itertuples()]
    goods = [
        (good, "FUEL" if good == "nut30" else "FOOD", kind, None, None, None, None)
        for good, kind in PRODUCTS.itertuples(index=False)
    ]
    frames = (
        days_frame(spark, rows),
        persons_frame(spark, {f"c{n}": f"p{n:02}" for n in range(PEOPLE)} | {"c-silent": "silent"}),
        spark.createDataFrame(
            [*goods, (UNSOLD, "FOOD", "tea", None, None, None, LAST - timedelta(2))],
            "product_id string, department string, category string, product_type string, brand string, title string, "
            "first_seen_on date",
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
        params=NewArrivalsParams(),
        never_offered=("FUEL",),
        holdout_days=14,
        tracking=tracking,
    )


def test_from_purchases_to_new_goods_and_the_reuse_of_a_training(
    reads: dict[str, VersionedRead], tmp_path: Path
) -> None:
    tracking = Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path / "artifacts"), "trials")
    result = trained(reads, tracking)
    worth = {row["model"]: row["ndcg_at_10"] for row in result.table}
    assert worth["new_arrivals"] > worth["popularity"]
    tracking.promote(result.version)
    champion = tracking.champion("new_arrivals", LAST)
    assert tracking.champion("new_arrivals", LAST - timedelta(days=1)) is None, "it has seen what came later"
    assert champion is not None
    loaded = LOADERS["new_arrivals"](tracking, champion)

    frames = [reads[name].frame for name in INPUTS]
    asked = {"as_of": LAST, "new_arrivals": loaded, "per_person": 8, "never_offered": ("FUEL",)}
    found = recommended(*frames, **asked).toPandas()
    seen = LINES.groupby("product_id")["purchased_at"].min()
    new = set(seen[seen >= AS_OF - timedelta(days=28)].index) - {"nut30"} | {UNSOLD}
    had = LINES.groupby("customer_id")["product_id"].agg(set)
    for person, rows in found.sort_values("rank").groupby("person_id"):
        goods = rows["product_id"].tolist()
        if person == "silent":
            assert set(rows["model_version"]) == {"new_arrivals/1 popular"}
            assert set(rows["reason"]) == {"New in our shops."}
            assert set(goods) == new
            continue
        kind = ("tea", "nut")[int(person[1:]) % 2]
        own = [good for good in goods if good.startswith(kind)]
        assert set(goods) == new - had[int(person[1:])]
        assert goods[: len(own)] == own
        liked = [f"New in {kind.title()}, which you like."] * len(own)
        assert rows["reason"].tolist() == liked + ["New in our shops."] * (len(goods) - len(own))
    assert (found["propensity"] == 1.0).all()
    assert found["person_id"].nunique() == PEOPLE + 1

    drawn = recommended(*frames, **asked, explore_share=0.3).toPandas()
    key = ["person_id", "rank"]
    again = recommended(*frames, **asked, explore_share=0.3).toPandas()
    pd.testing.assert_frame_equal(
        drawn.sort_values(key, ignore_index=True), again.sort_values(key, ignore_index=True)
    )
    assert (drawn["propensity"] > 0).all()
    last = drawn[drawn.groupby("person_id")["rank"].transform("max") == drawn["rank"]]
    assert np.allclose(last[last["rank"] == len(new)]["propensity"], 1.0), (
        "only one is left for the last slot"
    )
    assert drawn["propensity"].min() < 0.1

    alone = frames[1].where("person_id = 'p07'")
    mine = recommended(frames[0], alone, frames[2], **asked).toPandas()
    pd.testing.assert_series_equal(
        mine.sort_values("rank")["reason"].reset_index(drop=True),
        found[found["person_id"] == "p07"].sort_values("rank")["reason"].reset_index(drop=True),
    )
    assert trained(reads, tracking).reused


def test_the_flow_ranks_as_the_model_does_alone(reads: dict[str, VersionedRead], spark: SparkSession) -> None:
    known = LINES[LINES["product_id"] != "nut30"]
    model = learn(read(known, as_of=AS_OF), PRODUCTS, NewArrivalsParams())
    frames = [reads[name].frame for name in INPUTS]
    asked = {"as_of": LAST, "per_person": 4, "never_offered": ("FUEL",)}
    goods = frames[2].where(f"product_id <> '{UNSOLD}'")
    given = recommended(
        *frames[:2], goods, **asked, new_arrivals=Loaded("new_arrivals/1", model.learned)
    ).toPandas()
    given = given[given["person_id"] != "silent"]
    alone = model.rank(list(range(PEOPLE)), 4)
    told = given.assign(customer_id=given["person_id"].str[1:].astype(int)).sort_values(
        ["customer_id", "rank"]
    )
    assert told["product_id"].tolist() == alone["product_id"].tolist()
    np.testing.assert_allclose(told["score"], alone["score"], atol=1e-5)

    served = ServedNewArrivals(model.learned).predict(
        known.merge(PRODUCTS, on="product_id").assign(product_type="", brand=""), {"k": 4}
    )
    assert served["product_id"].tolist() == alone["product_id"].tolist()


def test_on_the_first_days_every_good_is_new_and_nothing_can_be_compared(
    reads: dict[str, VersionedRead], tmp_path: Path
) -> None:
    tracking = Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path / "artifacts"), "trials")
    opened = LINES["purchased_at"].min()
    with pytest.raises(DataError, match="every good is new"):
        trained(reads, tracking, opened + timedelta(40))
    with pytest.raises(DataError, match="Nothing was bought before"):
        trained(reads, tracking, opened - timedelta(40))
