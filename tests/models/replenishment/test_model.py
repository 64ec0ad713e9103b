"""Habits counted by hand, and a world whose chances and dates are known."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from pipelines.errors import DataError
from pipelines.models.replenishment import fit
from pipelines.models.replenishment.habits import habits
from tests.models.replenishment.shop import AS_OF, lines


def of(days: list[int], quantity: list[float]) -> list[tuple[int, float]]:
    ones = np.zeros(len(days), dtype=np.int64)
    found = habits(ones, ones, np.array(days), np.array(quantity))
    return list(zip(found.day.tolist(), found.amount.tolist(), strict=True))


def test_returns_are_taken_off_the_purchase_before() -> None:
    assert of([4, 1], [-1, 2]) == [(1, 1.0)]
    assert of([1, 1], [2, -2]) == []
    assert of([1, 9, 11], [1, 1, -1]) == [(1, 1.0)]
    assert of([1, 5], [-1, 3]) == [(5, 3.0)]


@pytest.fixture(scope="module")
def world() -> pd.DataFrame:
    return lines()


def test_chances_are_calibrated_and_the_interval_holds_four_of_five(world: pd.DataFrame) -> None:
    model = fit(world, as_of=AS_OF)
    due = model.due()
    later = world[world["purchased_at"] >= AS_OF].groupby(["customer_id", "product_id"])["purchased_at"].min()
    upcoming = pd.to_datetime(due.set_index(["customer_id", "product_id"]).index.map(later))
    for days in (7, 14):
        came = (upcoming < pd.Timestamp(AS_OF) + pd.Timedelta(days=days)).astype(float)
        chance = due[f"within_{days}"]
        likely = chance > chance.median()
        for part in (likely, ~likely):
            assert abs(chance[part].mean() - came[part.to_numpy()].mean()) < 0.06
        assert came[likely.to_numpy()].mean() > 2 * came[~likely.to_numpy()].mean()
    inside = (upcoming >= due["due_from"]) & (upcoming <= due["due_until"])
    assert 0.65 < inside.mean() < 0.92
    assert 0.35 < model.learned.priors.stretch < 0.65
    usual = due.groupby("product_id")["interval_days"].median()
    assert usual["milk"] < usual["tea"] < usual["soap"]


def test_two_purchases_or_ten_days_are_no_habit() -> None:
    early = pd.DataFrame(
        [(9, "a", date(2024, 1, 1), "milk", 1), (9, "b", date(2024, 6, 1), "milk", 1)]
        + [(8, str(n), date(2024, 6, n), "milk", 1) for n in (1, 4, 8)],
        columns=["customer_id", "basket_id", "purchased_at", "product_id", "quantity"],
    )
    model = fit(pd.concat([lines(5).assign(customer_id=1), early]), as_of=AS_OF)
    assert set(model.due()["customer_id"]) == {1}
    assert model.rank([8, 9]).empty


def test_a_planted_future_row_changes_nothing(world: pd.DataFrame) -> None:
    known = world[world["purchased_at"] < AS_OF]
    pd.testing.assert_frame_equal(fit(world, as_of=AS_OF).due(), fit(known, as_of=AS_OF).due())


def test_rank_gives_the_likeliest_first_with_a_reason(world: pd.DataFrame) -> None:
    found = fit(world, as_of=AS_OF).rank([3, 5], k=2)
    assert found.groupby("customer_id")["rank"].apply(list).to_dict() == {3: [1, 2], 5: [1, 2]}
    assert found["reason"].str.fullmatch(r"You buy this about every \d+ days\.").all()
    assert found.groupby("customer_id")["score"].apply(lambda s: s.is_monotonic_decreasing).all()


def test_a_shop_where_nobody_bought_anything_again_is_refused() -> None:
    once = lines(3).drop_duplicates(["customer_id", "product_id"])
    with pytest.raises(DataError, match="bought anything again"):
        fit(once, as_of=AS_OF)
