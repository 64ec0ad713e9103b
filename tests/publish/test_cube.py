"""Sums for what a reader picks: exact, shown as the script shows them, and the same in whatever is handed to it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.publish.cube import ALL, DAY, Cube, Measure
from pipelines.publish.report import money

SHOWN = (
    Measure("Revenue", "revenue", form="amount"),
    Measure("Each", "revenue", "sales", "amount"),
    Measure("Known", "known", "sales", "percent"),
)
CUBE = Cube(
    (DAY, "shop"),
    ("sales", "known", "revenue"),
    (
        ("2024-03-02", "Shop 1", 2, 1, 3_000),
        ("2024-03-01", "Shop 1", 1, 1, 1_050),
        ("2024-03-02", "Shop 2", 0, 0, -5),
    ),
    by="shop",
    shown=SHOWN,
    drawn_by=DAY,
    tiles=(Measure("Purchases", "sales", remark="sales"),),
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["2024-03-01", "2024-03-02"]),
        st.sampled_from(["Shop 1", "Other shops"]),
        *(st.integers(-(10**9), 10**9) for _ in range(3)),
    ),
    max_size=12,
)


def test_a_line_a_group_and_one_for_all() -> None:
    assert CUBE.table("EUR") == (
        ("Shop 1", "€40.50", "€13.50", "66.7\u00a0%"),
        ("Shop 2", "−€0.05", "–", "–"),
        (ALL, "€40.45", "€13.48", "66.7\u00a0%"),
    )
    assert CUBE.told("EUR") == (("Purchases", "3", "sales"),)
    assert CUBE.drawn() == [
        {"day": "2024-03-02T00:00:00", "sales": 2, "known": 1, "revenue": 29.95},
        {"day": "2024-03-01T00:00:00", "sales": 1, "known": 1, "revenue": 10.5},
    ]


def test_what_is_picked_is_a_part_and_a_dimension_that_is_not_there_picks_nothing_out() -> None:
    first = list(CUBE.picked({DAY: lambda day: day == "2024-03-01", "channel": lambda _: False}))
    assert CUBE.table("EUR", first) == (
        ("Shop 1", "€10.50", "€10.50", "100.0\u00a0%"),
        (ALL, "€10.50", "€10.50", "100.0\u00a0%"),
    )
    assert CUBE.table("EUR", []) == ()


@given(rows=ROWS)
def test_groups_sum_to_all_by_any_dimension(rows: list[tuple[str, str, int, int, int]]) -> None:
    expected = [sum(column) for column in zip(*(row[2:] for row in rows), strict=True)] if rows else []
    for by in (DAY, "shop", None):
        sums = CUBE.grouped(by, rows).values()
        assert [sum(column) for column in zip(*sums, strict=True)] == expected


@given(rows=ROWS)
def test_the_script_is_given_every_row(rows: list[tuple[str, str, int, int, int]]) -> None:
    given_to_it = Cube(CUBE.dimensions, CUBE.sums, tuple(rows), "shop", SHOWN, DAY).script("EUR")
    words = given_to_it["words"]
    read = [(words[0][row[0]], words[1][row[1]], *row[2:]) for row in given_to_it["rows"]]
    assert read == rows


@pytest.mark.parametrize("amount", [0, 1, -1, 123_456_789, -50])
def test_an_amount_reads_as_it_does_elsewhere(amount: int) -> None:
    found = CUBE.figure(Measure("", "revenue", form="amount"), [0, 0, amount], "CHF")
    assert found == money(Decimal(amount) / 100, "CHF", 2)
