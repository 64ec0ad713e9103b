"""A shop with two tastes and goods that come into it; slots whose probabilities can be worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from pipelines.errors import DataError, UsageError
from pipelines.models.new_arrivals import NewArrivals, fit
from pipelines.models.new_arrivals.learned import slots
from tests.models.new_arrivals.shop import AS_OF, COLUMNS, PRODUCTS, shop


@pytest.fixture(scope="module")
def model() -> NewArrivals:
    return fit(shop(), as_of=AS_OF, products=PRODUCTS)


def test_only_new_goods_are_ranked_those_of_the_person_s_kind_first(model: NewArrivals) -> None:
    new = set(model.new.product_ids.to_pylist())
    first = shop().groupby("product_id")["purchased_at"].min()
    assert new == set(first[first >= AS_OF - timedelta(days=28)].index) != set()
    found = model.rank(list(range(40)), k=8)
    assert (found["propensity"] == 1.0).all()
    had = shop().groupby("customer_id")["product_id"].agg(set)
    for person, rows in found.groupby("customer_id"):
        goods, kind = rows["product_id"].tolist(), ("tea", "nut")[person % 2]
        assert set(goods) == new - had[person], "all that are new, but those that the person has"
        own = [good for good in goods if good.startswith(kind)]
        assert goods[: len(own)] == own
        assert rows["reason"].tolist() == [
            f"New in {kind}, which you like." if good in own else "New in our shops." for good in goods
        ]


def test_a_person_who_is_not_known_gets_what_is_bought_most_and_no_liking_is_claimed(
    model: NewArrivals,
) -> None:
    found = model.rank([999], k=3)
    assert found["reason"].tolist() == ["New in our shops."] * 3
    assert found["score"].is_monotonic_decreasing


def test_a_catalogue_without_attributes_ranks_alike_for_all_and_claims_no_liking() -> None:
    plain = fit(shop(), as_of=AS_OF)
    found = plain.rank([0, 999], k=8)
    assert (found["reason"] == "New in our shops.").all()
    everybody = found.loc[found["customer_id"] == 999, "product_id"].tolist()
    had = set(shop().query("customer_id == 0")["product_id"])
    assert found.loc[found["customer_id"] == 0, "product_id"].tolist() == [
        g for g in everybody if g not in had
    ]


def test_what_comes_later_changes_nothing(model: NewArrivals) -> None:
    later = pd.DataFrame([(0, "x", AS_OF, "tea39", 1)] * 5, columns=COLUMNS)
    again = fit(pd.concat([later, shop()]).sample(frac=1, random_state=2), as_of=AS_OF, products=PRODUCTS)
    pd.testing.assert_frame_equal(again.rank([0, 1, 2], k=5), model.rank([0, 1, 2], k=5))


def test_the_share_that_is_explored_is_the_share_that_was_stated(model: NewArrivals) -> None:
    people = list(range(1000))
    found = model.rank(people, k=3, explore_share=0.2)
    assert abs(found["explored"].mean() - 0.2) < 0.03
    pd.testing.assert_frame_equal(found, model.rank(people, k=3, explore_share=0.2))
    assert not found.duplicated(["customer_id", "product_id"]).any()
    assert model.rank(people, k=3, explore_share=0.2, seed=1)["explored"].ne(found["explored"]).any()
    with pytest.raises(UsageError, match="no share"):
        model.rank(people, explore_share=1.2)


def test_slots_and_their_probabilities_by_hand() -> None:
    """Three goods, a share of 0.3: the best one by 0.7 + 0.1, another by 0.1; then of the two that are left."""
    scores = np.array([[0.1, 0.9, 0.5]] * 2)
    draws = np.array([[[0.9, 0.0], [0.9, 0.0]], [[0.1, 0.9], [0.9, 0.0]]])
    chosen, explored, propensity = slots(scores, 2, 0.3, draws)
    assert chosen.tolist() == [[1, 2], [2, 1]]
    assert explored.tolist() == [[False, False], [True, False]]
    np.testing.assert_allclose(propensity, [[0.8, 0.85], [0.1, 0.85]])


def test_what_is_no_candidate_fills_no_slot_and_the_lot_falls_on_the_others() -> None:
    """Of three goods one was bought: the lot falls on two, and the third slot stays empty."""
    scores = np.array([[0.1, -np.inf, 0.5]])
    chosen, explored, propensity = slots(scores, 3, 0.4, np.array([[[0.1, 0.0], [0.1, 0.9], [0.1, 0.0]]]))
    assert chosen.tolist() == [[0, 2, -1]]
    assert explored.tolist() == [[True, True, False]]
    np.testing.assert_allclose(propensity, [[0.2, 1.0, 0.0]])


def test_every_good_is_drawn_alike_and_weighting_by_the_propensity_is_unbiased() -> None:
    scores, n = np.tile([3.0, 2.0, 1.0], (30_000, 1)), 30_000
    chosen, _, propensity = slots(scores, 1, 0.5, np.random.default_rng(3).random((n, 1, 2)))
    clicked = np.array([0.1, 0.4, 0.8])[chosen[:, 0]]
    for good, rate in enumerate((0.1, 0.4, 0.8)):
        shown = chosen[:, 0] == good
        assert abs((clicked[shown] / propensity[shown, 0]).sum() / n - rate) < 0.03


def test_no_new_goods_no_rows_and_no_history_an_error() -> None:
    old = shop()[shop()["purchased_at"] < AS_OF - timedelta(days=60)]
    assert fit(old, as_of=AS_OF, products=PRODUCTS).rank([0, 1]).empty
    with pytest.raises(DataError, match="Nothing was bought before"):
        fit(shop(), as_of=date(2020, 1, 1), products=PRODUCTS)
