"""Receipts small enough to count by hand: what an interest says of each good, and what a listing becomes."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from pipelines.errors import DataError, UsageError
from pipelines.models.first_visit import FirstVisit, FirstVisitParams, fit, read, write
from pipelines.models.first_visit.train import PRIOR

AS_OF = date(2024, 3, 1)
KINDS = {"a1": "A", "a2": "A", "b1": "B", "b2": "B", "c1": "C"}
PRODUCTS = pd.DataFrame(list(KINDS.items()), columns=["product_id", "category"])


def lines(*baskets: str, day: date = date(2024, 2, 20)) -> pd.DataFrame:
    rows = [(None, n, day, good, 1) for n, goods in enumerate(baskets) for good in goods.split()]
    return pd.DataFrame(rows, columns=["customer_id", "basket_id", "purchased_at", "product_id", "quantity"])


SHOP = lines(*["a1 b2"] * 30, *["a2 b2"] * 10, *["c1 b1"] * 60)


@pytest.fixture(scope="module")
def model() -> FirstVisit:
    return fit(SHOP, as_of=AS_OF, products=PRODUCTS)


def test_the_chance_of_a_good_under_an_interest_by_hand(model: FirstVisit) -> None:
    """40 goods of A were bought, each with b2; b2 has 40 of 200 purchases."""
    assert model.popular["b2"] == 40 / 200
    rest, goods = model.contexts[("category", "A")]
    assert goods["b2"] == pytest.approx((40 + PRIOR * 0.2) / (40 + PRIOR))
    assert rest == PRIOR / (40 + PRIOR)


def test_a_listing_is_ranked_by_the_interest_and_without_one_by_what_sells(model: FirstVisit) -> None:
    assert model.rerank(["b2", "b1"], {}) == ["b1", "b2"]
    assert model.rerank(["b1", "b2"], {"category": ["A"]}) == ["b2", "b1"]
    assert model.rerank(["b1", "b2"], {"category": ["unheard of"]}) == ["b1", "b2"]
    assert model.rerank(["x", "y"], {"category": ["A"]}) == ["x", "y"]


def test_visits_get_goods_they_have_not_seen_and_a_reason_that_is_true(model: FirstVisit) -> None:
    visits = pd.DataFrame({"session_id": ["s", "t"], "product_id": ["a1", "new"]})
    found = model.rank(visits, k=2)
    assert found[["session_id", "product_id"]].values.tolist()[0] == ["s", "b2"]
    assert "a1" not in found.loc[found["session_id"] == "s", "product_id"].tolist()
    reasons = found.drop_duplicates("session_id")["reason"].tolist()
    assert reasons == ["Goes with your interest in A.", "Popular with our customers."]


def test_a_good_is_no_company_of_itself() -> None:
    alone = fit(lines(*["a1"] * 50, *["a1 a2"] * 20), as_of=AS_OF, products=PRODUCTS)
    goods = alone.contexts[("category", "A")][1]
    assert goods["a1"] == pytest.approx((20 + PRIOR * 70 / 90) / (40 + PRIOR))


def test_what_is_too_old_or_too_late_does_not_count(model: FirstVisit) -> None:
    other = [lines(*["a1 b1"] * 90, day=day) for day in (date(2023, 12, 1), AS_OF)]
    more = pd.concat(
        [SHOP, *(frame.assign(basket_id=frame["basket_id"] + 1000 * n) for n, frame in enumerate(other, 1))]
    )
    again = fit(more, as_of=AS_OF, products=PRODUCTS)
    assert (again.popular, again.contexts) == (model.popular, model.contexts)


def test_the_file_gives_the_same_ranking_and_any_language_reads_it(model: FirstVisit, tmp_path: Path) -> None:
    path = tmp_path / "first_visit.json"
    write(model, path)
    assert read(path) == model
    told = json.loads(path.read_text(encoding="utf-8"))
    assert told["contexts"]["category"]["A"]["goods"][0][0] == "b2"
    path.write_text(
        path.read_text(encoding="utf-8").replace("first_visit/1", "first_visit/9"), encoding="utf-8"
    )
    with pytest.raises(DataError, match="its schema is"):
        read(path)


def test_bad_input_falls_back_or_says_what_is_wrong(model: FirstVisit) -> None:
    plain = fit(SHOP, as_of=AS_OF)
    assert plain.contexts == {}
    assert plain.rerank(["b2", "b1"], {"category": ["A"]}) == ["b1", "b2"]
    with pytest.raises(UsageError, match="no attribute colour"):
        model.rerank(["b1"], {"colour": ["red"]})
    with pytest.raises(DataError, match="in the 56 days before"):
        fit(SHOP, as_of=date(2025, 1, 1), products=PRODUCTS)
    assert FirstVisitParams().window_days == 56
