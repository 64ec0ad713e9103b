"""Sizes of a shop whose order was planted, against noise, the calendar and time turned round."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from pipelines.errors import DataError
from pipelines.models.chains import ChainParams, fit
from pipelines.models.chains.delays import chance, quantile, survival
from tests.models.chains.shop import AS_OF, START, STATES, sizes


def steps(found: pd.DataFrame) -> list[tuple[str, str]]:
    return sorted(zip(found["before"], found["after"], strict=True))


def test_the_planted_steps_are_found_and_no_others() -> None:
    found = fit(sizes()[0], as_of=AS_OF, states=STATES).transitions()
    assert steps(found) == [("SIZE 1", "SIZE 2"), ("SIZE 2", "SIZE 3"), ("SIZE 3", "SIZE 4")]
    assert (found["share"] == 1.0).all()
    assert found["delay_50"].between(96, 100).all()


def test_turned_round_in_time_the_same_steps_go_the_other_way() -> None:
    found = fit(sizes(turned=True)[0], as_of=AS_OF, states=STATES).transitions()
    assert steps(found) == [("SIZE 2", "SIZE 1"), ("SIZE 3", "SIZE 2"), ("SIZE 4", "SIZE 3")]


def test_a_good_that_came_into_the_shop_late_follows_nothing() -> None:
    """Everybody meets `late` after `early`, on days of their own: the calendar says so, not they."""
    draws = np.random.default_rng(5)
    rows = [
        (c, f"{c}{good}", START + timedelta(days=int(draws.integers(low, low + 150))), good, 1)
        for c in range(80)
        for good, low in (("early", 0), ("late", 180))
    ]
    lines = pd.DataFrame(rows, columns=["customer_id", "basket_id", "purchased_at", "product_id", "quantity"])
    assert fit(lines, as_of=AS_OF).transitions().empty


def test_what_comes_next_is_of_the_same_brand_and_on_its_day() -> None:
    lines, born = sizes()
    model = fit(lines, as_of=AS_OF, states=STATES)
    child = born[(born["born_on"] > date(2023, 8, 1)) & (born["born_on"] < date(2023, 9, 15))].iloc[0]
    found = model.rank([child.customer_id], k=5, within_days=100)
    age = (AS_OF - child.born_on).days
    row = found.iloc[0]
    assert row["state"] == f"SIZE {age // 100 + 2}"
    assert row["product_id"][-1] == "xy"[child.customer_id % 2]
    assert abs((row["expected_on"] - child.born_on).days - (age // 100 + 1) * 100) <= 4
    assert row["reason"].startswith(f"After SIZE {age // 100 + 1}, people take {row['state']}, about ")


def test_a_child_s_age_is_the_clock_where_it_is_known() -> None:
    lines, born = sizes()
    model = fit(lines, as_of=AS_OF, states=STATES, born=born)
    found = model.rank(born["customer_id"].tolist(), k=1, within_days=60)
    assert found["reason"].str.contains("at the age of about").all()
    due = found.merge(born, on="customer_id")
    off = [(row.expected_on - row.born_on).days % 100 for row in due.itertuples()]
    assert all(min(days, 100 - days) <= 12 for days in off)


def test_what_comes_later_changes_nothing() -> None:
    lines, _ = sizes()
    later = lines.assign(purchased_at=AS_OF, basket_id="later", product_id="d1x")
    both = pd.concat([later, lines]).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        fit(lines, as_of=AS_OF, states=STATES).transitions(),
        fit(both, as_of=AS_OF, states=STATES).transitions(),
    )


def test_too_little_history_finds_nothing_and_offers_nothing() -> None:
    lines, _ = sizes(children=3)
    model = fit(lines, as_of=AS_OF, states=STATES, params=ChainParams())
    assert model.transitions().empty
    assert model.rank([0, 1, 2, 99]).empty


def test_a_good_with_two_states_is_refused() -> None:
    with pytest.raises(DataError, match="two states"):
        fit(sizes()[0], as_of=AS_OF, states=pd.concat([STATES, STATES]))


def test_the_delays_of_four_people_by_hand() -> None:
    until, moved = np.array([2, 3, 4, 9]), np.array([True, False, True, False])
    curve = survival(np.zeros(4, dtype=np.int64), until, moved, 10)
    assert curve[[1, 2, 3, 4, 10]].tolist() == [1.0, 0.75, 0.75, 0.375, 0.375]
    assert chance(curve, np.array([0, 3, 5]), 2).tolist() == [0.25, 0.5, 0.0]
    assert quantile(curve, np.array([0, 2, 7]), 0.5).tolist() == [4, 4, 7]
