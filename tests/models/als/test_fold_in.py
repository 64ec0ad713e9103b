"""Persons and goods that come after a training, in a shop of two tastes."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipelines.models.als.factors import AlsFactors
from pipelines.models.als.fold_in import folded_in, with_new_goods
from pipelines.models.als.score import offers
from pipelines.models.als.train import AlsParams, learn

PARAMS = AlsParams(
    rank=4, iterations=8, reg_param=0.05, alpha=3.0, half_life_days=30, min_item_buyers=1, seed=1
)
NOTHING_WITHDRAWN = np.empty(0, dtype=np.int32)


def taste(good: str) -> str:
    return good[:3]


@pytest.fixture(scope="module")
def als() -> AlsFactors:
    """Of two tastes each person lacks one good of six."""
    rows = [
        (f"{kind}-{person:02}", f"{kind}{good}")
        for kind in ("cat", "dog")
        for person in range(12)
        for good in range(6)
        if good != person % 6
    ]
    table = pa.table(
        {
            "person_id": [row[0] for row in rows],
            "product_id": [row[1] for row in rows],
            "strength": [1.0] * len(rows),
            "last_purchased_on": [date(2024, 1, 1)] * len(rows),
        }
    )
    return learn(table, PARAMS, since=date(2023, 12, 1))


def bought(als: AlsFactors, *baskets: list[str]) -> tuple[np.ndarray, np.ndarray]:
    owner = [n for n, goods in enumerate(baskets) for _ in goods]
    return np.array(owner), np.array([als.item_ids.index(g).as_py() for goods in baskets for g in goods])


def test_a_known_person_s_own_purchases_give_the_factors_that_the_training_gave(als: AlsFactors) -> None:
    own = [f"cat{good}" for good in range(1, 6)]
    stranger = pa.array(["cat-00 under another name"])
    found, rows = folded_in(als, stranger, bought(als, own))
    assert rows.tolist() == [0]
    np.testing.assert_allclose(
        found.persons[0], als.persons[als.person_ids.index("cat-00").as_py()], atol=2e-3
    )


def test_who_came_later_is_offered_their_own_taste_and_who_bought_nothing_what_is_popular(
    als: AlsFactors,
) -> None:
    people = pa.array(["new", "nobody", "dog-03"])
    struck = bought(als, ["dog1", "dog2"], [], [])
    found = offers(als, people, k=4, struck=struck, withdrawn=NOTHING_WITHDRAWN).to_pandas()
    new = found[found["person_id"] == "new"]
    assert new["known"].all()
    assert set(new["product_id"]) == {"dog0", "dog3", "dog4", "dog5"}
    assert not found.loc[found["person_id"] == "nobody", "known"].any()


def test_a_person_gets_the_same_numbers_alone_and_among_others(als: AlsFactors) -> None:
    baskets = (["dog1"], ["cat1", "cat2"], ["cat1", "dog5"])
    people = [f"new {n}" for n in range(3)]
    among = offers(
        als, pa.array(people), k=3, struck=bought(als, *baskets), withdrawn=NOTHING_WITHDRAWN
    ).to_pandas()
    for who, basket in zip(people, baskets, strict=True):
        alone = offers(
            als, pa.array([who]), k=3, struck=bought(als, basket), withdrawn=NOTHING_WITHDRAWN
        ).to_pandas()
        pd.testing.assert_frame_equal(alone, among[among["person_id"] == who].reset_index(drop=True))


def test_without_the_objective_nobody_is_folded_in(als: AlsFactors) -> None:
    old = dataclasses.replace(als, alpha=None, reg_param=None)
    assert folded_in(old, pa.array(["new"]), bought(als, ["dog1"]))[1].tolist() == [-1]


def test_a_new_good_is_offered_to_those_who_like_its_kind(als: AlsFactors) -> None:
    goods = [*als.item_ids.to_pylist(), "dog9", "odd"]
    catalogue = pd.DataFrame(
        {"product_id": goods, "category": [None if good == "odd" else taste(good) for good in goods]}
    )
    wider = with_new_goods(als, catalogue)
    assert wider.item_ids.to_pylist() == sorted([*als.item_ids.to_pylist(), "dog9"])
    own = {person: [f"{taste(person)}{good}" for good in range(6)] for person in als.person_ids.to_pylist()}
    found = offers(
        wider,
        als.person_ids,
        k=1,
        struck=bought(wider, *own.values()),
        withdrawn=NOTHING_WITHDRAWN,
    ).to_pandas()
    first = found.set_index("person_id")["product_id"]
    assert all(first[person] == "dog9" for person in own if taste(person) == "dog")
    assert with_new_goods(als, catalogue[["product_id"]]) is als
