"""From receipts through training, gate and registry to `gold.recommendations`."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from pipelines.lakehouse.tracking import Tracking, VersionedRead
from pipelines.models.champions import LOADERS
from pipelines.models.lines import COLUMNS, read
from pipelines.models.receipts import INPUTS
from pipelines.models.related import RelatedParams
from pipelines.models.related.evaluate import left_out
from pipelines.models.related.job import JOB
from pipelines.models.related.served import ServedRelated
from pipelines.models.training import train
from tests.models.als.shop import bought, days_frame, persons_frame, recommended

pytestmark = pytest.mark.spark

FIRST, LAST, PAIRS = date(2024, 1, 1), date(2024, 3, 31), 12


def shop() -> list[tuple[str, str | None, date, list[str]]]:
    """Receipts, a card or nobody's each: cup and saucer of one pattern, and one of forty other goods."""
    dice, receipts = np.random.default_rng(3), []
    for number in range(600):
        pattern, other = dice.integers(PAIRS), dice.integers(40)
        goods = [f"cup-{pattern:02}", f"saucer-{pattern:02}", f"other-{other:02}"]
        card = None if number % 5 == 0 else f"c{number % 30:02}"
        receipts.append((f"r{number:03}", card, FIRST + timedelta(days=number % 91), goods))
    return receipts


@pytest.fixture(scope="module")
def reads(spark: SparkSession) -> dict[str, VersionedRead]:
    receipts = [(number, card and "loyalty_card", card) for number, card, _, _ in shop()]
    lines = [(number, day, good, 1.0) for number, _, day, goods in shop() for good in goods]
    goods = sorted({good for *_, good, _ in lines})
    named = [
        (good, "FUEL" if good == "saucer-11" else "HOME", good.split("-")[0], good.title()) for good in goods
    ]
    frames = (
        spark.createDataFrame(receipts, "receipt_id string, anchor_type string, anchor_value string"),
        spark.createDataFrame(
            lines, "receipt_id string, purchased_on date, product_id string, quantity double"
        ),
        persons_frame(spark, {f"c{n:02}": f"p{n:02}" for n in range(30)}),
        spark.createDataFrame(
            [(*row, None) for row in named],
            "product_id string, department string, category string, title string, product_type string",
        ),
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
            JOB,
            reads,
            as_of=LAST,
            params=RelatedParams(),
            never_offered=("FUEL",),
            holdout_days=14,
            tracking=tracking,
        )

    result = trained()
    worth = {row["model"]: row["hit_at_10"] for row in result.table}
    assert worth["related"] > 0.6 > 0.3 > worth["popularity"], (
        "two goods of three are foreseen, the third is a draw"
    )
    tracking.promote(result.version)
    champion = tracking.champion("related", LAST)
    assert tracking.champion("related", LAST - timedelta(days=1)) is None, "it has seen what came later"
    assert champion is not None
    loaded = LOADERS["related"](tracking, champion)

    history = [
        bought("c00", "cup-03", LAST - timedelta(days=20)),
        *(bought("c00", good, LAST - timedelta(days=2)) for good in ("cup-07", "other-01")),
        bought("c01", "cup-05", LAST - timedelta(days=30)),
        bought("c02", "cup-11", LAST),
        bought("c03", "never-sold-before", LAST),
    ]
    offers = recommended(
        days_frame(spark, history),
        reads["silver.person_identifiers"].frame,
        reads["silver.products"].frame,
        as_of=LAST,
        related=loaded,
        per_person=3,
        never_offered=("FUEL",),
    )
    found = {(row.person_id, row["rank"]): row for row in offers.collect()}
    first = found["p00", 1]
    assert (first.product_id, first.reason) == ("saucer-07", "Goes with Cup-07, which you bought.")
    assert (first.model, first.model_version) == ("related", "related/1")
    assert {person for person, _ in found} <= {"p00", "p02"}, (
        "too long ago, and a good that nobody knows, say nothing"
    )
    assert "saucer-11" not in {row.product_id for row in found.values()}, "it is never offered"

    served = ServedRelated(loaded.model).predict(
        pa.table({"basket_id": ["x"], "product_id": ["cup-07"]}).to_pandas(), {"k": 1}
    )
    assert served["product_id"].tolist() == ["saucer-07"]
    again = trained()
    assert (again.reused, again.version.label, again.decision) == (
        True,
        result.version.label,
        result.decision,
    )
    assert again.lines()[1:] == result.lines()[1:]


def test_what_is_left_out_and_whether_it_was_bought_before() -> None:
    """By hand: of two later receipts one is too narrow; the customer knew both goods of the other."""
    rows = [
        ("ann", "1", date(2024, 1, 1), "a", 1.0),
        ("ann", "1", date(2024, 1, 1), "b", 1.0),
        (None, "2", date(2024, 1, 2), "c", 1.0),
        ("ann", "3", date(2024, 2, 1), "a", 1.0),
        ("ann", "3", date(2024, 2, 1), "b", 1.0),
        (None, "4", date(2024, 2, 2), "a", 1.0),
        (None, "5", date(2024, 2, 3), "a", 1.0),
        (None, "5", date(2024, 2, 3), "c", 1.0),
    ]
    lines = pa.table(dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True)))
    known = read(lines, as_of=date(2024, 1, 31))
    cases = left_out(known, lines, date(2024, 1, 31), date(2024, 3, 1))
    assert cases.held.sum(axis=1).tolist() == [[1.0], [1.0]]
    assert cases.repeat.tolist() == [True, False], "nobody knows what nobody bought before"
    for row, target in enumerate(cases.target.tolist()):
        assert cases.held[row, target] == 0
