"""The rules of a loyalty programme: what earns points, what they pay for, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import TYPE_CHECKING, Annotated, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

from pipelines.calc.lazy import Late

if TYPE_CHECKING:
    from pyspark.sql import Column
    from pyspark.sql import functions as F
else:
    F = Late("pyspark.sql.functions")

Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Amount = Annotated[Decimal, Field(gt=0, le=1_000_000, decimal_places=2)]
Names = tuple[str, ...]


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Dated(_Rule):
    currency: Currency
    starts_on: date
    ends_on: date | None

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> _Dated:
        if self.ends_on is not None and self.ends_on < self.starts_on:
            raise ValueError(f"it ends on {self.ends_on}, before it starts on {self.starts_on}")
        return self

    def holds_on(self, day: Column) -> Column:
        """Whether the rule holds on a day; its last day is one of them."""
        begun = day >= F.lit(self.starts_on)
        return begun if self.ends_on is None else begun & (day <= F.lit(self.ends_on))


class Accrual(_Dated):
    """`points` for each `per` of money paid, rounded down for each receipt; excepted goods earn nothing."""

    name: Annotated[str, Field(min_length=1)]
    points: Amount
    per: Amount
    frozen_days: NonNegativeInt = 0
    frozen_until: date | None = None
    except_departments: Names = ()
    except_categories: Names = ()
    except_products: Names = ()
    is_credit: ClassVar[bool] = False

    @property
    def excepts(self) -> bool:
        """Whether some goods earn nothing."""
        return bool(self.except_departments or self.except_categories or self.except_products)

    def excepted(self) -> Column:
        """Whether a good, by `product_id`, `department` and `category`, earns nothing."""
        listed = {
            "department": self.except_departments,
            "category": self.except_categories,
            "product_id": self.except_products,
        }
        tests = (F.coalesce(F.col(c).isin(*names), F.lit(False)) for c, names in listed.items() if names)
        return reduce(or_, tests)

    def available_on(self, day: Column) -> Column:
        """From when the points of a purchase can be spent."""
        thawed = F.date_add(day, self.frozen_days)
        return thawed if self.frozen_until is None else F.greatest(thawed, F.lit(self.frozen_until))


class Earlier(Accrual):
    """An accrual for purchases before the programme."""

    is_credit: ClassVar[bool] = True


class Redemption(_Dated):
    """A point pays `point_value`, all of them at most `max_share` of a receipt."""

    point_value: Amount
    max_share: Annotated[Decimal, Field(gt=0, le=1, decimal_places=4)]

    def most_for(self, total: Column) -> Column:
        """The most points that a receipt of a total can be paid with."""
        return F.floor(total * F.lit(self.max_share) / F.lit(self.point_value)).cast("long")


class Credit(_Rule):
    """Points for purchases of the last `days` before the first accrual of the currency, at most `cap` a person."""

    currency: Currency
    days: PositiveInt
    points: Amount
    per: Amount
    cap: PositiveInt


class Programme(_Rule):
    """All rules. Raises ValueError where two of a kind and currency hold on one day."""

    members: Annotated[Names, Field(min_length=1)]
    experiments: Names
    accruals: tuple[Accrual, ...]
    redemptions: tuple[Redemption, ...]
    credits: tuple[Credit, ...]
    expire_days: PositiveInt | None

    @model_validator(mode="after")
    def _one_rule_a_day(self) -> Programme:
        for rules in (self.accruals, self.redemptions):
            _refuse_overlaps(rules)
        currencies = [credit.currency for credit in self.credits]
        if len(set(currencies)) < len(currencies):
            raise ValueError("credits: a currency has one rule at most")
        if lost := set(currencies) - {accrual.currency for accrual in self.accruals}:
            raise ValueError(f"credits: {', '.join(sorted(lost))} has no accrual that they could come before")
        for rule in self.accruals:
            if self.expire_days is not None and rule.frozen_days >= self.expire_days:
                raise ValueError(
                    f"points of the rule {rule.name} are frozen for {rule.frozen_days} days, and expire after "
                    f"{self.expire_days}: nobody could ever spend them"
                )
        return self


class _Spell(Protocol):
    @property
    def currency(self) -> str: ...
    @property
    def starts_on(self) -> date: ...
    @property
    def ends_on(self) -> date | None: ...


def _refuse_overlaps(rules: Sequence[_Spell]) -> None:
    ordered = sorted(rules, key=lambda rule: (rule.currency, rule.starts_on))
    for one, other in pairwise(ordered):
        if one.currency == other.currency and (one.ends_on or date.max) >= other.starts_on:
            raise ValueError(
                f"two rules for {one.currency} overlap: one from {one.starts_on} to "
                f"{one.ends_on or 'no end'}, one from {other.starts_on} to {other.ends_on or 'no end'}"
            )


BEFORE = "before the programme"


def before(credit: Credit, accruals: Sequence[Accrual]) -> Earlier:
    """The rule by which purchases before the first of the accruals are credited."""
    starts = min(rule.starts_on for rule in accruals)
    return Earlier(
        name=BEFORE,
        currency=credit.currency,
        starts_on=starts - timedelta(credit.days),
        ends_on=starts - timedelta(1),
        points=credit.points,
        per=credit.per,
        frozen_until=starts,
    )


def points_for(amount: Column, points: Decimal, per: Decimal) -> Column:
    """Whole points for an amount, rounded down; nothing for less than nothing. 3 for each 100 of 133.33: 3."""
    earned = F.floor(amount * F.lit(points) / F.lit(per)).cast("long")
    return F.greatest(earned, F.lit(0).cast("long"))
