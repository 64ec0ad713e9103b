"""The golden case: a published mailing, what it claims, and what does not add up in it."""

from __future__ import annotations

import pytest

from pipelines.calc.experiment import PublishedRow, inconsistencies, uplifts
from pipelines.errors import DataError

INTEREST = PublishedRow("Interest segment", 146_380, 0.4327, 0.3270, 0.0204, 302)
CRM = PublishedRow("CRM segment", 232_086, 0.2430, 0.1600, 0.0056, 37)
ALL = PublishedRow("All", 378_466, 0.3135, 0.1795, 0.0149, 339)


def test_the_uplifts_are_the_published_ones_and_one_that_compares() -> None:
    found = uplifts(INTEREST, CRM)
    lifts = (found.opens, found.clicks, found.conversions, found.orders, found.orders_per_sent)
    assert [f"{lift:+,.0%}" for lift in lifts] == ["+78%", "+104%", "+264%", "+716%", "+1,194%"]


def test_what_does_not_add_up_is_said_with_numbers() -> None:
    said = inconsistencies([INTEREST, CRM], ALL)
    expected = [
        ("Interest segment: 146,380 mails", "422 to 423 orders", "302 are printed"),
        ("CRM segment: 232,086 mails", "50 to 51 orders", "37 are printed"),
        ("All: 378,466 mails", "317 to 318 orders", "339 are printed"),
        ("31.64 %", "opened", "31.35 % is printed"),
        ("24.83 %", "clicked", "17.95 % is printed"),
        ("1.59 %", "ordered", "1.49 % is printed"),
        ("+716 % orders compares 146,380 mails with 232,086", "Per mail sent it is +1,194 %"),
    ]
    assert len(said) == len(expected)
    for sentence, parts in zip(said, expected, strict=True):
        assert [part for part in parts if part not in sentence] == []


def test_rows_that_multiply_out_are_left_in_peace() -> None:
    """1,000 sent, 25 % opened, 20 % of those clicked, 10 % of those ordered: 5 orders; and twice that."""
    one, two = (PublishedRow(name, 1000, 0.25, 0.2, 0.1, 5) for name in ("one", "two"))
    assert inconsistencies([one, two], PublishedRow("both", 2000, 0.25, 0.2, 0.1, 10)) == []
    rounded = PublishedRow("rounded", 30_000, 0.3333, 0.3333, 0.0303, 101)  # of 10,000 / 3,333 / 101
    assert inconsistencies([rounded]) == []


def test_a_total_that_is_no_sum_is_said() -> None:
    one = PublishedRow("one", 1000, 0.25, 0.2, 0.1, 5)
    said = inconsistencies([one, one], PublishedRow("both", 2001, 0.25, 0.2, 0.1, 9))
    assert [line for line in said if "the segments" in line] == [
        "both: the segments have 2,000 mails sent together, but 2,001 are printed.",
        "both: the segments have 10 orders together, but 9 are printed.",
    ]


def test_a_base_without_orders_has_no_uplift() -> None:
    none = PublishedRow("none", 1000, 0.0, 0.0, 0.0, 0)
    found = uplifts(PublishedRow("one", 1000, 0.25, 0.2, 0.1, 5), none)
    assert (found.opens, found.orders, found.orders_per_sent) == (None, None, None)
    assert inconsistencies([none, none]) == []


def test_percentages_given_as_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="cannot be"):
        PublishedRow("percent", 1000, 43.27, 0.2, 0.1, 5)
