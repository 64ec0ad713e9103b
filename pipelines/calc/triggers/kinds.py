"""The kinds of events that raise a message: the only part of a trigger that needs code, in `gold/trigger_kinds.py`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)


def nearest(name: str, known: Iterable[str]) -> str:
    """The hint that ends a sentence about an unknown name.

    >>> nearest("personel", ["personal", "related"])
    '; did you mean personal?'
    """
    near = difflib.get_close_matches(str(name), sorted(known), n=1, cutoff=0.0)
    return f"; did you mean {near[0]}?" if near else ""


class Part(BaseModel):
    """A part of a trigger: frozen, and an unknown field is refused with the nearest known one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _only_known_fields(cls, said: Any) -> Any:
        unknown = sorted(map(str, set(said) - cls.model_fields.keys())) if isinstance(said, dict) else []
        if unknown:
            raise ValueError(f"there is no field {unknown[0]}" + nearest(unknown[0], cls.model_fields))
        return said


class OnReceipt(Part):
    """A purchase: paid at a till, ordered on the site, or ordered and picked up."""

    kind: Literal["receipt"]
    side: Literal["shop", "site", "pick_up"]


class OnVisit(Part):
    """A visit of the site that ended without an order, and what was done in it."""

    kind: Literal["visit"]
    did: Literal["cart", "view", "category", "search"]


class OnSegment(Part):
    """People in a segment: those who entered it on a date, or all of its members.

    Args:
        kind: `segment`.
        segment: As `conf/segments` names it; null: everybody.
        moment: `entered`: once, when they come in; `member`: whoever is in it.
        every_days: Of members: once in so many days, counted from 1970-01-01.
        weekdays: Of members: only on these days, 1 for Monday to 7; empty: on all.
        days_of_month: Of members: only on these days; empty: on all.
    """

    kind: Literal["segment"]
    segment: str | None = None
    moment: Literal["entered", "member"] = "entered"
    every_days: PositiveInt = 1
    weekdays: tuple[Annotated[int, Field(ge=1, le=7)], ...] = ()
    days_of_month: tuple[Annotated[int, Field(ge=1, le=31)], ...] = ()

    @model_validator(mode="after")
    def _who_enters_enters_something(self) -> OnSegment:
        if self.moment == "entered" and self.segment is None:
            raise ValueError("entering wants a segment; say moment: member for everybody")
        return self


class OnDate(Part):
    """A date of the person's own that has come, or comes in some days.

    Args:
        kind: `date`.
        date: `replenishment` (a habit is due), `child_birthday` or `joined` (the loyalty form).
        days_before: So many days before it; 0: on the day.
    """

    kind: Literal["date"]
    date: Literal["replenishment", "child_birthday", "joined"]
    days_before: NonNegativeInt = 0


class OnChange(Part):
    """Something about goods changed that a person looked at, put into the cart, or has an interest in.

    Args:
        kind: `change`.
        change: `price_drop`, `back_in_stock` or `new_arrival`.
        seen: Of the first two, what the person did with the good.
        look_back_days: Within so many days.
        least_share: Of a price drop: by at least this share of the price before.
    """

    kind: Literal["change"]
    change: Literal["price_drop", "back_in_stock", "new_arrival"]
    seen: tuple[Literal["view", "cart"], ...] = ("view", "cart")
    look_back_days: PositiveInt = 30
    least_share: Annotated[float, Field(ge=0, lt=1)] = 0.05


RECOMMENDING = ("als", "next_purchase", "related", "replenishment", "chains", "new_arrivals")
"""The models whose goods `gold.recommendations` holds."""


def _known_model(name: str) -> str:
    if name not in RECOMMENDING:
        raise ValueError(f"there is no model {name}" + nearest(name, RECOMMENDING))
    return name


class OnForecast(Part):
    """What a model foresees for a person, such as the next good in a chain of consumption.

    Args:
        kind: `forecast`.
        model: As `gold.recommendations` names it.
        best: So many of its best goods.
        every_days: Once in so many days, counted from 1970-01-01.
    """

    kind: Literal["forecast"]
    model: Annotated[str, AfterValidator(_known_model)]
    best: PositiveInt = 5
    every_days: PositiveInt = 7


class NearStore(Part):
    """A ping near a shop of somebody who agreed to it, while goods of interest are promoted in that shop."""

    kind: Literal["near_store"]


class OnWeather(Part):
    """The weather that is forecast in the region of the person's favourite shop for the day on which the message goes.

    Args:
        kind: `weather`.
        measure: What is forecast, in degrees Celsius or, of precipitation, millimetres.
        at_least: It is not below.
        at_most: It is not above.
        above_normal: It is at least so much above what is normal there in that season (`gold/weather_normals.py`).
        below_normal: It is at least so much below.
        weekdays: Only after these days, 1 for Monday to 7; empty: after all.
    """

    kind: Literal["weather"]
    measure: Literal["temperature", "temperature_min", "temperature_max", "precipitation"]
    at_least: float | None = None
    at_most: float | None = None
    above_normal: PositiveFloat | None = None
    below_normal: PositiveFloat | None = None
    weekdays: tuple[Annotated[int, Field(ge=1, le=7)], ...] = ()

    @model_validator(mode="after")
    def _it_asks_for_something(self) -> OnWeather:
        asked = (self.at_least, self.at_most, self.above_normal, self.below_normal)
        if all(each is None for each in asked) and not self.weekdays:
            raise ValueError(
                "say at_least, at_most, above_normal, below_normal or weekdays, or any weather is meant"
            )
        return self


class After(Part):
    """A message of another trigger that nobody opened or clicked: the next link of a chain.

    Args:
        kind: `after`.
        trigger: Whose message it was.
        days: So many days later.
        unless: What ends the chain, beside a purchase.
    """

    kind: Literal["after"]
    trigger: str
    days: PositiveInt
    unless: Literal["opened", "clicked"] = "opened"


Event = Annotated[
    OnReceipt | OnVisit | OnSegment | OnDate | OnChange | OnForecast | NearStore | OnWeather | After,
    Field(discriminator="kind"),
]
