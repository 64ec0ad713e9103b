"""Every purchase has a path of just the touches that it could have seen, and no touch is lost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.calc.attribution import receipt_credits
from pipelines.calc.attribution.journeys import EVENT, SECOND, Windows, journeys
from pipelines.calc.attribution.rules import RULES

WINDOWS = Windows(20, {"b": 5})
TOUCH = st.tuples(st.integers(0, 60), st.sampled_from("abc"))
SALE = st.tuples(st.integers(0, 60), st.integers(-999, 9_999), st.booleans())
PEOPLE = st.lists(st.tuples(st.lists(TOUCH, max_size=6), st.lists(SALE, max_size=4)), max_size=5)


def entry(at: int, **given: Any) -> dict[str, Any]:
    return {field.name: None for field in EVENT} | {"at": at * SECOND} | given


def lists(people: list[Any]) -> pa.Array:
    found = [
        [
            *(
                entry(at, touch=f"t{n}", channel=channel, clicked=True)
                for n, (at, channel) in enumerate(touches)
            ),
            *(
                entry(at, purchase=f"p{n}", value=Decimal(cents).scaleb(-2), is_sale=sale)
                for n, (at, cents, sale) in enumerate(sales)
            ),
        ]
        for touches, sales in people
    ]
    return pa.array(found, pa.list_(EVENT))


def seen(touches: list[Any], at: int) -> list[tuple[int, str]]:
    """By hand: the touches up to the purchase and within their windows, in the order of time."""
    there = [
        (when, f"t{n}")
        for n, (when, channel) in enumerate(touches)
        if 0 <= at - when <= WINDOWS.by_channel.get(channel, WINDOWS.otherwise)
    ]
    return sorted(there)


@given(PEOPLE)
@settings(max_examples=40)
def test_paths_are_what_a_person_would_list(people: list[Any]) -> None:
    events = lists(people)
    names = events.flatten().field("touch").to_pylist()
    bought = events.flatten().field("purchase").to_pylist()
    paths = journeys(events, WINDOWS).to_pylist()
    conversions = {
        (row["buyer"], bought[row["purchase"]]): row for row in paths if row["purchase"] is not None
    }
    assert len(conversions) == sum(len(sales) for _, sales in people)
    used: set[tuple[int, str]] = set()
    for buyer, (touches, sales) in enumerate(people):
        for n, (at, cents, sale) in enumerate(sales):
            row = conversions[buyer, f"p{n}"]
            expected = seen(touches, at) if sale else []
            assert [names[place] for place in row["touches"]] == [name for _, name in expected]
            assert row["seconds_before"] == [at - when for when, _ in expected]
            assert (row["conversions"], row["nulls"], row["value"]) == (
                int(sale),
                0,
                Decimal(cents).scaleb(-2),
            )
            used |= {(buyer, name) for _, name in expected}
    unseen = [(row["buyer"], names[place]) for row in paths if row["nulls"] for place in row["touches"]]
    everything = {(buyer, f"t{n}") for buyer, (touches, _) in enumerate(people) for n in range(len(touches))}
    assert sorted(unseen) == sorted(everything - used)


@given(PEOPLE)
@settings(max_examples=40)
def test_of_every_model_the_credits_of_a_purchase_are_the_purchase(people: list[Any]) -> None:
    paths = journeys(lists(people), WINDOWS)
    paths = paths.filter(pc.is_valid(paths["purchase"]))
    for model in RULES:
        found = receipt_credits(paths, [model]).to_pandas()
        sums = found.groupby("receipt").agg(share=("share", "sum"), value=("value", "sum"))
        assert np.allclose(sums["share"], 1)
        assert sums["value"].tolist() == paths["value"].to_pylist()


def test_an_instant_belongs_to_the_purchase_and_gaps_are_null_paths() -> None:
    person = ([(10, "a"), (11, "a"), (40, "b"), (41, "c"), (46, "c")], [(10, 100, True), (45, 200, True)])
    rows = journeys(lists([person]), WINDOWS).to_pylist()
    assert [(row["path"], row["seconds_before"]) for row in rows] == [
        (["a"], [0]),
        (["b", "c"], [5, 4]),
        (["a"], [0]),
        (["c"], [0]),
    ]
    assert [row["nulls"] for row in rows] == [0, 0, 1, 1]


def test_more_buyers_than_one_number_holds_are_taken_in_parts() -> None:
    far = 2**61 // SECOND
    people = [([(0, "a")], [(far, 100, True)]), ([(far, "a")], [(far, 300, True)])] * 2
    rows = journeys(lists(people), Windows(far)).to_pylist()
    assert [(row["buyer"], row["path"], row["purchase"]) for row in rows] == [
        (0, ["a"], 1),
        (1, ["a"], 3),
        (2, ["a"], 5),
        (3, ["a"], 7),
    ]
