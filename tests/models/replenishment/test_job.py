"""From purchases through training, gate and registry to `gold.replenishment`."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from pipelines.errors import DataError
from pipelines.gold import product_days, replenishment
from pipelines.lakehouse.tracking import Tracking, VersionedRead
from pipelines.models.champions import LOADERS
from pipelines.models.chances import skill
from pipelines.models.days import INPUTS
from pipelines.models.replenishment.job import JOB
from pipelines.models.replenishment.learned import ReplenishmentParams
from pipelines.models.replenishment.model import fit
from pipelines.models.replenishment.served import ServedReplenishment
from pipelines.models.training import train
from tests.models.als.shop import persons_frame, products_frame
from tests.models.replenishment.shop import AS_OF, START, lines

pytestmark = pytest.mark.spark

PEOPLE, LAST = 80, AS_OF - timedelta(days=1)
CARDS = {f"c{n}": f"p{n:02}" for n in range(PEOPLE)}


@pytest.fixture(scope="module")
def reads(spark: SparkSession) -> dict[str, VersionedRead]:
    rows = [
        (row.purchased_at, "loyalty_card", f"c{row.customer_id}", row.product_id, 1, Decimal(row.quantity))
        for row in lines(PEOPLE).itertuples()
    ]
    days = spark.createDataFrame([(*row, Decimal(1)) for row in rows], product_days.TABLE.schema)
    frames = (
        days,
        persons_frame(spark, CARDS),
        products_frame(spark, {"milk": "FOOD", "tea": None, "soap": "CARE"}),
    )
    return {
        name: VersionedRead(name, f"/lake/{name}", version, frame)
        for version, (name, frame) in enumerate(zip(INPUTS, frames, strict=True), start=1)
    }


def built(reads: dict[str, VersionedRead], champion: object = None, **change: object) -> list[Row]:
    given = {"as_of": LAST, "min_purchase_days": 3, "min_span_days": 10, "never_offered": (), **change}
    frames = [reads[name].frame for name in INPUTS]
    frame = replenishment.build(*frames, replenishment=champion, **given)  # type: ignore[arg-type]
    assert [(f.name, f.dataType) for f in frame.schema] == [
        (f.name, f.dataType) for f in replenishment.TABLE.schema
    ]
    return sorted(frame.collect())


def test_from_purchases_to_habits_and_the_reuse_of_a_training(
    spark: SparkSession, reads: dict[str, VersionedRead], tmp_path: Path
) -> None:
    tracking = Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path / "artifacts"), "trials")

    def trained():  # type: ignore[no-untyped-def]
        given = {"params": ReplenishmentParams(), "never_offered": ("CARE",), "holdout_days": 28}
        return train(JOB, reads, as_of=LAST, tracking=tracking, **given)

    result = trained()
    assert result.decision.promote, result.decision.reason
    figures = {row["model"]: row for row in result.table}
    ours = figures.pop("replenishment")
    assert all(ours["skill"] > other["skill"] for other in figures.values())
    with tracking.artifacts_of(result.version.run_id, "evaluation") as folder:
        assert {"calibration.png", "calibration.csv"} <= {file.name for file in folder.iterdir()}
    champion = tracking.champion("replenishment", LAST)
    assert tracking.champion("replenishment", LAST - timedelta(days=1)) is None, "it has seen what came later"
    assert champion is not None
    loaded = LOADERS["replenishment"](tracking, champion)

    rows = built(reads, loaded, never_offered=("CARE",))
    assert {row.product_id for row in rows} == {"milk", "tea"}
    assert {row.model_version for row in rows} == {"replenishment/1"}
    assert all(0 < row.chance_7 <= row.chance_14 < 1 for row in rows)
    alone = [row for row in rows if row.person_id == "p07"]
    mine = {
        **reads,
        INPUTS[1]: VersionedRead(INPUTS[1], "", 1, persons_frame(spark, {"c7": "p07"})),
    }
    assert built(mine, loaded, never_offered=("CARE",)) == alone, "a person alone gets the same rows"
    known = lines(PEOPLE)
    known = known[(known["purchased_at"] < AS_OF) & (known["product_id"] != "soap")]
    whole = fit(known, as_of=AS_OF, goods=reads["silver.products"].frame).due()
    told = {(f"p{row.customer_id:02}", row.product_id): row for row in whole.itertuples()}
    assert len(told) == len(rows)
    for row in rows:
        alike = told[row.person_id, row.product_id]
        assert (row.interval_days, row.next_due_on) == (alike.interval_days, alike.due_on.date())
        assert row.chance_7 == pytest.approx(alike.within_7, abs=1e-6)

    future = reads["gold.product_days"].frame.withColumn("purchased_on", F.lit(LAST + timedelta(1)))
    days = reads["gold.product_days"].frame.unionByName(future.limit(50))
    planted = {**reads, INPUTS[0]: VersionedRead(INPUTS[0], "", 1, days)}
    assert built(planted, loaded, never_offered=("CARE",)) == rows, "a planted future row changes nothing"

    served = ServedReplenishment(loaded.model).predict(
        known.assign(customer_id=known["customer_id"]), {"k": 1}
    )
    assert len(served) == whole["customer_id"].nunique()
    again = trained()
    assert (again.reused, again.version.label) == (True, result.version.label)


def test_a_good_that_came_after_the_training_is_like_any(
    spark: SparkSession, reads: dict[str, VersionedRead], tmp_path: Path
) -> None:
    learned = fit(lines(PEOPLE), as_of=AS_OF).learned
    new = pd.DataFrame(
        [
            ("x", f"{n}/{good}", date(2024, 6, 3) + timedelta(9 * n), good, 1)
            for n in range(3)
            for good in "ab"
        ],
        columns=["customer_id", "basket_id", "purchased_at", "product_id", "quantity"],
    )
    found = ServedReplenishment(learned).predict(new)
    assert found["product_id"].tolist() == ["a", "b"], "two unknown goods are two habits"
    assert found["score"].nunique() == 1


def test_without_a_champion_the_median_of_the_days_between_says_when(
    spark: SparkSession, reads: dict[str, VersionedRead]
) -> None:
    """By hand: gaps of 4, 8 and 9 days; the fourth day's purchase came back."""
    first = date(2024, 5, 1)
    days = [(0, 2), (4, 1), (12, 3), (15, 0), (21, 2)]
    rows = [
        (first + timedelta(n), "loyalty_card", "c1", "tea", 1, Decimal(quantity), Decimal(1))
        for n, quantity in days
    ]
    few = [(first + timedelta(n), "loyalty_card", "c2", "tea", 1, Decimal(1), Decimal(1)) for n in (0, 3, 9)]
    frame = spark.createDataFrame([*rows, *few], product_days.TABLE.schema)
    (row,) = built({**reads, INPUTS[0]: VersionedRead(INPUTS[0], "", 1, frame)})
    assert row.asDict() == {
        "as_of": LAST,
        "person_id": "p01",
        "product_id": "tea",
        "purchase_days": 4,
        "interval_days": 8,
        "usual_quantity": Decimal("2.000"),
        "last_purchase_on": date(2024, 5, 22),
        "due_from": date(2024, 5, 30),
        "next_due_on": date(2024, 5, 30),
        "due_until": date(2024, 6, 7),
        "chance_7": None,
        "chance_14": None,
        "reason": "You buy this about every 8 days; the last time was on 22 May.",
        "model_version": "replenishment rule",
    }


def test_too_little_history_says_so(reads: dict[str, VersionedRead], tmp_path: Path) -> None:
    tracking = Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path / "artifacts"), "trials")
    with pytest.raises(DataError, match="bought anything again"):
        train(
            JOB,
            reads,
            as_of=START + timedelta(3),
            params=ReplenishmentParams(),
            never_offered=(),
            holdout_days=28,
            tracking=tracking,
        )


def test_skill_by_hand() -> None:
    """Brier .125 and .25 beside 2/9."""
    found = skill(np.array([0.5, 1.0, 0.5]), np.array([True, True, False]), np.array([4, 4, 9]))
    assert found == pytest.approx([0.4375, -0.125])
    with pytest.raises(DataError, match="cannot be compared"):
        skill(np.array([0.5]), np.array([False]), np.array([0]))
