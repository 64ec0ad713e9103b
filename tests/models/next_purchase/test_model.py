"""The ranker on a shop whose habits are known, and on what it should refuse."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest

from pipelines.errors import DataError
from pipelines.models.next_purchase import NextPurchase, fit
from pipelines.models.next_purchase.model import EVERY, LIKE_YOU, POPULAR
from tests.models.next_purchase.shop import AS_OF, FIRST, PARAMS, PEOPLE, STAPLES, goods, lines


@pytest.fixture(scope="module")
def model() -> NextPurchase:
    return fit(lines(), as_of=AS_OF, goods=goods(), params=PARAMS)


def test_what_is_always_bought_comes_first_and_a_staple_when_its_week_has_come(model: NextPurchase) -> None:
    people = [f"p{n:02}" for n in range(PEOPLE)]
    found = model.rank(people, k=5)
    assert list(found.columns) == ["customer_id", "rank", "product_id", "score", "reason"]
    assert found.groupby("customer_id")["rank"].apply(list).tolist() == [[1, 2, 3, 4, 5]] * PEOPLE
    assert not found.duplicated(["customer_id", "product_id"]).any()
    first = found[found["rank"] == 1].set_index("customer_id")
    assert set(first["product_id"]) == {"bread"}
    assert set(first["reason"]) == {EVERY.format(7)}
    since = (AS_OF - FIRST).days
    weeks = {person: -(-(since - int(person[1:]) % 7) // 7) for person in people}  # of the next visit
    second = found[found["rank"] == 2].set_index("customer_id")["product_id"]
    due = [person for person in people if weeks[person] % 2 == int(person[1:]) % 2]
    assert 20 < len(due) < 40
    right = [second[person] == f"staple-{int(person[1:]) % STAPLES:02}" for person in due]
    assert sum(right) >= 0.9 * len(due)


def test_scores_fall_with_the_rank_and_are_chances(model: NextPurchase) -> None:
    found = model.rank(["p03"], k=20)
    assert found["score"].is_monotonic_decreasing
    assert found["score"].between(0, 1).all()


def test_a_customer_alone_gets_the_rows_they_get_among_others(model: NextPurchase) -> None:
    together = model.rank(["p11", "p02", "p40"], k=8)
    alone = model.rank(["p02"], k=8)
    pd.testing.assert_frame_equal(
        together[together["customer_id"] == "p02"].reset_index(drop=True), alone, check_exact=False, rtol=1e-9
    )


def test_who_bought_nothing_gets_what_is_popular_and_is_told_so(model: NextPurchase) -> None:
    found = model.rank(["nobody"], k=3)
    assert found["reason"].tolist() == [POPULAR] * 3
    assert found["product_id"][0] == "bread"


def test_goods_never_bought_are_offered_with_their_own_reason(model: NextPurchase) -> None:
    found = model.rank(["p05"], k=40)
    known = set(lines().query("customer_id == 'p05'")["product_id"])
    new = found[~found["product_id"].isin(known)]
    assert len(new)
    assert set(new["reason"]) == {LIKE_YOU}


def test_a_planted_future_row_changes_nothing(model: NextPurchase) -> None:
    again = fit(lines(until=AS_OF + timedelta(days=30)), as_of=AS_OF, goods=goods(), params=PARAMS)
    people = ["p00", "p31"]
    pd.testing.assert_frame_equal(model.rank(people, k=10), again.rank(people, k=10))


def test_ids_of_any_size_come_back_as_they_were_given() -> None:
    given = lines()
    large = given["customer_id"].str[1:].astype("int64") + 2**40
    found = fit(given.assign(customer_id=large), as_of=AS_OF, params=PARAMS).rank([2**40 + 7], k=2)
    assert found["customer_id"].tolist() == [2**40 + 7] * 2


def test_an_as_of_before_all_data_and_a_shop_where_nobody_came_back_are_refused() -> None:
    with pytest.raises(DataError, match="Nothing was bought before"):
        fit(lines(), as_of=date(2023, 1, 1), params=PARAMS)
    with pytest.raises(DataError, match="nothing to learn from"):
        fit(lines(until=date(2024, 1, 10)), as_of=date(2024, 1, 10), params=PARAMS)
    with pytest.raises(DataError, match="product_id"):
        fit(lines().drop(columns="product_id"), as_of=AS_OF, params=PARAMS)
