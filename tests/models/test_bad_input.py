"""What every model that is usable alone does with ids of any size, no catalogue, strangers, and too little history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import pandas as pd
import pytest

from pipelines.errors import DataError
from pipelines.models import chains, first_visit, new_arrivals, next_purchase, related, replenishment
from pipelines.models.first_visit.score import POPULAR as SELLS
from pipelines.models.new_arrivals.score import NEW
from pipelines.models.next_purchase.model import POPULAR
from pipelines.models.related.score import POPULAR as BOUGHT
from tests.models.new_arrivals.shop import AS_OF, COLUMNS, shop

BIG = 2**40


@dataclass(frozen=True)
class Alone:
    """A model as somebody uses it without the flow.

    Args:
        fit: Of lines until a date, without a catalogue.
        asks: Of the model, what it names for a person, or for who looks at a good or has it on the receipt.
        by: The column of what is asked: `customer_id`, or the id of the visit or receipt.
        stranger: The one reason for somebody, or a good, that it does not know; null: nothing is named.
        little: Likewise after three days of history, for somebody known.
        refused: What is said instead where three days are too little to learn from; null: they are not.
    """

    fit: Callable[..., Any]
    asks: Callable[[Any, Any, Any], pd.DataFrame]
    by: str
    stranger: str | None
    little: str | None = None
    refused: str | None = None


def of_person(model: Any, person: Any, good: Any) -> pd.DataFrame:
    found: pd.DataFrame = model.rank([person], k=3)
    return found


def of_good(name: str) -> Callable[[Any, Any, Any], pd.DataFrame]:
    def ask(model: Any, person: Any, good: Any) -> pd.DataFrame:
        found: pd.DataFrame = model.rank(pd.DataFrame({name: [person], "product_id": [good]}), k=3)
        return found

    return ask


MODELS = {
    "related": Alone(related.fit, of_good("basket_id"), "basket_id", BOUGHT, BOUGHT),
    "next_purchase": Alone(
        next_purchase.fit, of_person, "customer_id", POPULAR, refused="nothing to learn from"
    ),
    "replenishment": Alone(
        replenishment.fit, of_person, "customer_id", None, refused="bought anything again"
    ),
    "chains": Alone(chains.fit, of_person, "customer_id", None),
    "new_arrivals": Alone(new_arrivals.fit, of_person, "customer_id", NEW, NEW),
    "first_visit": Alone(first_visit.fit, of_good("session_id"), "session_id", SELLS, SELLS),
}
each = pytest.mark.parametrize("of", MODELS.values(), ids=MODELS)


@cache
def fitted(of: Alone) -> Any:
    return of.fit(shop(), as_of=AS_OF)


@each
def test_an_as_of_before_all_data_is_refused(of: Alone) -> None:
    with pytest.raises(DataError, match=r"bought .*before 2020-01-01"):
        of.fit(shop(), as_of=date(2020, 1, 1))


@each
def test_ids_beyond_int32_come_back_as_they_were(of: Alone) -> None:
    lines = shop()
    goods = {name: BIG + place for place, name in enumerate(sorted(lines["product_id"].unique()))}
    large = lines.assign(customer_id=lines["customer_id"] + BIG, product_id=lines["product_id"].map(goods))
    found = of.asks(of.fit(large, as_of=AS_OF), BIG + 3, BIG + 1)
    assert set(found[of.by]) <= {BIG + 3}
    assert set(found["product_id"]) <= set(goods.values())
    small = of.asks(fitted(of), 3, sorted(goods)[1])
    assert len(found) == len(small)


@each
def test_a_stranger_gets_a_fallback_that_names_itself_or_nothing(of: Alone) -> None:
    found = of.asks(fitted(of), 999, "a good that nobody sells")
    assert set(found["reason"]) == ({of.stranger} if of.stranger else set())


@each
def test_three_days_of_history_are_too_little_and_it_says_so_or_claims_nothing(of: Alone) -> None:
    lines = pd.DataFrame(
        [(1, "r1", AS_OF - timedelta(3), "milk", 1), (2, "r2", AS_OF - timedelta(1), "tea", 1)],
        columns=COLUMNS,
    )
    if of.refused:
        with pytest.raises(DataError, match=of.refused):
            of.fit(lines, as_of=AS_OF)
        return
    found = of.asks(of.fit(lines, as_of=AS_OF), 1, "milk")
    assert set(found["reason"]) == ({of.little} if of.little else set())
