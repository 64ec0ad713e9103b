"""What an act says of an interest, and what a good stands for: weights, price bands, attributes, stages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, model_validator

from pipelines.calc.decay import faded
from pipelines.calc.lazy import Late

if TYPE_CHECKING:
    from pyspark.sql import Column
    from pyspark.sql import functions as F
else:
    F = Late("pyspark.sql.functions")

PURCHASE, CART, VIEW, SEARCH, MAIL_CLICK = ACTIONS = ("purchase", "cart", "view", "search", "mail_click")
SEEN, CONSIDERED, IN_CART, BOUGHT, REPLENISHING = STAGES = (
    "seen",
    "considered",
    "in_cart",
    "bought",
    "replenishing",
)
LEVELS = ("department", "category", "product_type", "brand")
"""The columns of the catalogue that are kinds of interest."""
PRICE_BAND = "price_band"


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from error
    return text


class ActionWeight(BaseModel):
    """How much one day's act on one good weighs, and how fast that fades."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["purchase", "cart", "view", "search", "mail_click"]
    weight: Annotated[float, Field(gt=0, le=1)]
    half_life_days: PositiveInt


class AttributeRule(BaseModel):
    """Goods whose words fit have a value of an attribute, such as a child's age, a size, a colour or a style.

    Args:
        attribute: Its name, which becomes a kind of interest.
        value: What the goods have; null: what the pattern's first group finds, in lower case.
        column: The column of the catalogue that is looked at.
        pattern: A regular expression, found anywhere in it, whatever the case.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    attribute: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
    value: Annotated[str, Field(min_length=1)] | None = None
    column: Literal["title", "department", "category", "product_type", "brand", "package_size"]
    pattern: Annotated[str, Field(min_length=1), AfterValidator(_pattern)]

    @model_validator(mode="after")
    def _is_no_level_and_has_a_value(self) -> AttributeRule:
        if self.value is None and re.compile(self.pattern).groups == 0:
            raise ValueError(f"{self.attribute}: without a value, the pattern needs a group that finds it")
        if self.attribute in (*LEVELS, PRICE_BAND):
            raise ValueError(f"{self.attribute} is a kind of interest already; call the attribute otherwise")
        return self


def each_once(actions: tuple[ActionWeight, ...]) -> tuple[ActionWeight, ...]:
    """The same weights, one for each of `ACTIONS`.

    Raises:
        ValueError: an action has none, or two.
    """
    if sorted(each.action for each in actions) != sorted(ACTIONS):
        raise ValueError(f"each of {', '.join(ACTIONS)} has one weight")
    return actions


def ascending(bounds: tuple[float, ...]) -> tuple[float, ...]:
    """The same bounds.

    Raises:
        ValueError: one is not above the one before it.
    """
    if any(low >= high for low, high in pairwise(bounds)):
        raise ValueError("price bands are given by their bounds, each above the one before it")
    return bounds


def as_term(words: Column) -> Column:
    """Words as they are compared: in lower case, with single blanks; null: none."""
    plain = F.lower(F.trim(F.regexp_replace(words, r"\s+", " ")))
    return F.when(plain != "", plain)


def act_weight(action: Column, age_days: Column, actions: Sequence[ActionWeight]) -> Column:
    """What is left of an act after so many days, in units of 1e-12: `weight * 2 ** (-age / half_life)`.

    LONG, rounded up: with a weight of 0.5 and a half-life of 30 days an act of 30 days ago has 250,000,000,000.
    """
    first, *others = actions

    def of(each: ActionWeight) -> tuple[Column, Column]:
        return action == each.action, faded(age_days, each.half_life_days, each.weight)

    return reduce(lambda case, each: case.when(*of(each)), others, F.when(*of(first)))


def band_of(price: Column, bounds: Sequence[float]) -> Column:
    """The band of a price, such as `5-10`, its lower bound included; null: no price.

    With the bounds 2, 5 and 10: `0-2`, `2-5`, `5-10` and `10+`.
    """
    names = [f"{low:g}-{high:g}" for low, high in pairwise((0, *bounds))]
    case = F.when(price.isNull(), F.lit(None).cast("string"))
    for bound, name in zip(bounds, names, strict=True):
        case = case.when(price < bound, name)
    return case.otherwise(f"{bounds[-1]:g}+")


def attribute_values(rules: Sequence[AttributeRule]) -> dict[str, Column]:
    """By attribute, its value of a good by the first rule that fits; null: none does."""
    found: dict[str, Column] = {}
    for rule in reversed(rules):
        pattern = f"(?i){rule.pattern}"
        fits = F.col(rule.column).rlike(pattern)
        found_there = F.lower(F.regexp_extract(rule.column, pattern, 1))
        before = found.get(rule.attribute, F.lit(None).cast("string"))
        value = found_there if rule.value is None else F.lit(rule.value)
        found[rule.attribute] = F.when(fits, value).otherwise(before)
    return dict(sorted(found.items()))


def stage_of(
    purchase_days: Column, carts: Column, looks: Column, *, considered_days: int, replenishing_days: int
) -> Column:
    """How far an interest has gone: the furthest of `STAGES` that was reached.

    Args:
        purchase_days: The most days on which one good of it was bought.
        carts: How often one was put into a cart.
        looks: The most days on which one good of it was looked at, searched for or clicked in a mail.
        considered_days: From so many days on it is considered; below, it is seen.
        replenishing_days: From so many days on it is bought again and again; below, it is bought.
    """
    return (
        F.when(purchase_days >= replenishing_days, REPLENISHING)
        .when(purchase_days > 0, BOUGHT)
        .when(carts > 0, IN_CART)
        .when(looks >= considered_days, CONSIDERED)
        .otherwise(SEEN)
    )
