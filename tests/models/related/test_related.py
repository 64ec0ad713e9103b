"""A shop small enough to count by hand, and both ways of counting on a random one."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from pipelines.errors import DataError
from pipelines.models.related import Related, RelatedParams, fit
from pipelines.models.related.score import read, write

AS_OF = date(2024, 3, 1)
Row = tuple[object, object, date, object, float]


def frame(rows: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer_id", "basket_id", "purchased_at", "product_id", "quantity"])


def baskets(*held: str, start: date = date(2024, 1, 1)) -> pd.DataFrame:
    """One receipt of an own customer for each text, a letter a good."""
    return frame([(n, n, start, good, 1) for n, goods in enumerate(held) for good in goods])


def random_shop(seed: int) -> pd.DataFrame:
    draws = np.random.default_rng(seed)
    rows: list[Row] = []
    for basket in range(200):
        day = AS_OF - timedelta(days=int(draws.integers(1, 60)))
        customer = None if basket % 7 == 0 else f"c{basket % 9}"
        goods = draws.choice(12, int(draws.integers(1, 7)), p=np.arange(1, 13) / 78, replace=False)
        rows += [(customer, f"b{basket}", day, f"g{good:02}", 1) for good in goods]
    return frame(rows)


def best(model: Related, goods: str, k: int = 3, **more: str) -> list[str]:
    asked = pd.DataFrame({"basket_id": ["?"] * len(goods), "product_id": list(goods)})
    return model.rank(asked, k, **more)["product_id"].tolist()  # type: ignore[arg-type]


def test_the_evidence_of_a_pair_can_be_counted_by_hand() -> None:
    model = fit(baskets(*["mc"] * 16, *["m"] * 24, *["c"] * 4, *["x"] * 56), as_of=AS_OF)
    pair = model.evidence().set_index(["product_id", "other_id"]).loc[("m", "c")]
    assert (pair.support, pair.lift, round(pair.lift_low, 2), round(pair.lift_high, 2)) == (
        16,
        2.0,
        1.14,
        3.25,
    )
    assert pair.score == pytest.approx(16 * 0.5 / 40**0.5 / 20**0.1)


def test_goods_of_the_receipt_are_not_named_and_who_says_most_is_told() -> None:
    model = fit(baskets("ab", "ab", "cd", "cd", "ad", "x", "x"), as_of=AS_OF)
    found = model.rank(pd.DataFrame({"basket_id": [7, 7], "product_id": ["a", "c"]}), k=5)
    assert found[["product_id", "because"]].values.tolist() == [["d", "c"], ["b", "a"]]
    assert found["reason"].tolist() == ["Goes with c on your receipt.", "Goes with a on your receipt."]


def test_a_receipt_that_says_nothing_gets_what_is_popular_and_says_so() -> None:
    model = fit(baskets("ab", "ab", "a"), as_of=AS_OF)
    found = model.rank(pd.DataFrame({"basket_id": [1], "product_id": ["new"]}), k=1)
    assert found[["product_id", "score", "reason"]].values.tolist() == [
        ["a", 3.0, "Popular with our customers."]
    ]
    assert found["because"].isna().all()


def test_after_has_a_direction_and_a_window() -> None:
    """Bed, then sheet a week later, ten times; the pillow comes a month later, and noise in either order."""
    rows: list[Row] = []
    for customer in range(10):
        for offset, good in [(0, "bed"), (7, "sheet"), (37, "pillow"), (60 + customer % 2, "n"), (61, "o")]:
            rows.append((customer, f"{customer}/{good}", date(2023, 6, 1) + timedelta(offset), good, 1))
    model = fit(frame(rows), as_of=AS_OF)
    after = model.evidence("after").set_index(["product_id", "other_id"])
    assert after.loc[("bed", "sheet"), ["support", "direction"]].tolist() == [10, 1.0]
    assert ("sheet", "bed") not in after.index
    assert ("bed", "pillow") not in after.index
    assert (after["lift_low"] > 1).all()


def test_what_comes_later_changes_nothing_and_neither_does_the_order() -> None:
    shop = random_shop(1)
    later = frame([("c1", "new", AS_OF, "g01", 1), ("c1", "new", AS_OF, "g02", 1)])
    shuffled = pd.concat([shop, later]).sample(frac=1, random_state=3)
    for relation in ("together", "after"):
        pd.testing.assert_frame_equal(
            fit(shop, as_of=AS_OF).evidence(relation), fit(shuffled, as_of=AS_OF).evidence(relation)
        )


def test_a_good_in_every_receipt_names_nothing_and_large_receipts_are_capped() -> None:
    held = ["bag" + letter for letter in "abab"] + ["".join(chr(ord("A") + n) for n in range(26))] * 2
    model = fit(baskets(*held), as_of=AS_OF, params=RelatedParams(max_goods=5))
    pairs = model.evidence()
    big = pairs[pairs["product_id"].str.isupper()]
    assert set(big["product_id"]) == set("ABCDE")
    assert (big.groupby("product_id").size() == 4).all()
    assert "g" not in set(pairs["product_id"])


def test_a_written_model_is_read_as_it_was(tmp_path: Path) -> None:
    model = fit(random_shop(2), as_of=AS_OF)
    write(model, tmp_path)
    for relation in ("together", "after"):
        pd.testing.assert_frame_equal(read(tmp_path).evidence(relation), model.evidence(relation))
    (tmp_path / "relations.parquet").unlink()
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (baskets("ab").drop(columns="quantity"), "no column quantity"),
        (baskets("ab", start=AS_OF), "Nothing was bought before"),
        (baskets("ab").assign(product_id=None), "product_id of 2 lines"),
    ],
)
def test_bad_lines_are_refused_with_a_reason(lines: pd.DataFrame, said: str) -> None:
    with pytest.raises(DataError, match=said):
        fit(lines, as_of=AS_OF)


def test_ids_beyond_int32_come_back_as_they_were_and_returns_are_netted() -> None:
    big = 2**40
    rows: list[Row] = [(1, n, date(2024, 1, 1), big + good, 1) for n in range(3) for good in (1, 2, 3)]
    rows += [(1, n, date(2024, 1, 1), big + 3, -1) for n in range(3)]
    found = fit(frame(rows), as_of=AS_OF, params=RelatedParams(max_share=1.0)).evidence()
    assert sorted(found["product_id"]) == [big + 1, big + 2]


@pytest.mark.spark
def test_the_engine_counts_as_the_driver_does(spark: SparkSession) -> None:
    shop = random_shop(4)
    ddl = "customer_id string, basket_id string, purchased_at date, product_id string, quantity double"
    lines = spark.createDataFrame(shop.astype({"quantity": float}).values.tolist(), ddl)
    params = RelatedParams(max_goods=4)
    engine = fit(lines, as_of=AS_OF, params=RelatedParams(max_goods=4, driver_rows=0))
    for relation in ("together", "after"):
        pd.testing.assert_frame_equal(
            engine.evidence(relation), fit(shop, as_of=AS_OF, params=params).evidence(relation)
        )
