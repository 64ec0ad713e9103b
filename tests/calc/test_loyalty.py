"""Which rules are refused, and by what words."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pipelines.calc.loyalty import Accrual, Credit, Programme, before

RULE: dict[str, Any] = {
    "name": "base",
    "currency": "USD",
    "starts_on": "2024-01-01",
    "ends_on": "2024-05-31",
    "points": "3",
    "per": "100",
}
CREDIT = {"currency": "USD", "days": 365, "points": "3", "per": "100", "cap": 500}


def programme(**changes: Any) -> Programme:
    given = {
        "members": ["loyalty_card"],
        "experiments": [],
        "accruals": [RULE],
        "redemptions": [],
        "credits": [],
        "expire_days": None,
    }
    return Programme.model_validate({**given, **changes})


def test_rules_may_follow_each_other_and_hold_beside_those_of_another_currency() -> None:
    after = {**RULE, "name": "next", "starts_on": "2024-06-01", "ends_on": None}
    elsewhere = {**RULE, "currency": "EUR", "ends_on": None}
    assert len(programme(accruals=[after, RULE, elsewhere]).accruals) == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"accruals": [RULE, {**RULE, "starts_on": "2024-05-31"}]}, "two rules for USD overlap"),
        (
            {"accruals": [{**RULE, "ends_on": None}, {**RULE, "starts_on": "2030-01-01", "ends_on": None}]},
            "to no end",
        ),
        ({"accruals": [{**RULE, "ends_on": "2023-01-01"}]}, "before it starts"),
        ({"accruals": [{**RULE, "points": "0"}]}, "greater than 0"),
        ({"accruals": [{**RULE, "pionts": 1}]}, "Extra inputs"),
        ({"credits": [CREDIT, CREDIT]}, "one rule at most"),
        ({"credits": [{**CREDIT, "currency": "EUR"}]}, "EUR has no accrual"),
        (
            {
                "redemptions": [
                    {**dict.fromkeys(("starts_on", "ends_on"), "2024-02-01"), "currency": "USD"}
                    | {"point_value": "1", "max_share": "0.5"}
                ]
                * 2
            },
            "overlap",
        ),
        ({"accruals": [{**RULE, "frozen_days": 90}], "expire_days": 90}, "nobody could ever spend them"),
    ],
)
def test_rules_that_contradict_each_other_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        programme(**changes)


def test_a_credit_reaches_to_the_day_before_the_first_accrual() -> None:
    rule = before(Credit.model_validate(CREDIT), [Accrual.model_validate(RULE)])
    assert (str(rule.starts_on), str(rule.ends_on), str(rule.frozen_until)) == (
        "2023-01-01",
        "2023-12-31",
        "2024-01-01",
    )
    assert rule.is_credit
