"""What a simulated world is made from: a few numbers, typed and checked before Spark starts.

The world is a function of these numbers alone. Two calls with the same ones give the same files, byte for
byte, on any machine, with any number of cores or partitions.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.errors import UsageError
from pipelines.simulate.goods import CATEGORIES

VERSION = 5
"""Of what a world holds; raised when the same numbers come to mean other files."""

OPENING = -1
"""The day before the first: what is known from the beginning, such as the catalogue, arrives with it."""

DROP_TIME = time(0, 30)


class World(BaseModel):
    """The numbers of one world.

    Args:
        seed: Of every draw.
        households: Each of one or two persons who buy.
        start: The first business day.
        days: Business days.
        stores: Shops; a few of them have most of the customers.
        products: Goods in the catalogue.
        web: Web sessions that no purchase asks for, and crawlers, as a multiple of the usual; 0: none.
        mail: Share of the mails sent of those that could be; 0: none.
        faults: Share of records that are late, sent twice or damaged, a third each; files of each day are
            torn or sent twice with ten times this probability.
        time_zone: Of the shops, in which a business day begins and ends.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: Annotated[int, Field(ge=0, lt=2**31)]
    households: Annotated[int, Field(ge=1, le=50_000_000)]
    start: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]
    days: Annotated[int, Field(ge=1, le=3660)]
    stores: Annotated[int, Field(ge=1, le=10_000)] = 20
    products: Annotated[int, Field(ge=12 * len(CATEGORIES), le=10_000_000)] = 2_000
    web: Annotated[float, Field(ge=0, le=20, allow_inf_nan=False)] = 1.0
    mail: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 1.0
    faults: Annotated[float, Field(ge=0, le=0.09, allow_inf_nan=False)] = 0.005
    time_zone: str = "UTC"

    @model_validator(mode="after")
    def _fills_its_shops(self) -> World:
        if self.stores > self.households:
            raise ValueError(
                f"stores: {self.stores} shops for {self.households} households; a shop needs one"
            )
        return self

    @classmethod
    def checked(cls, **numbers: Any) -> World:
        """The world of these numbers.

        Raises:
            UsageError: one of them cannot be; every such number is named, with its limits.
        """
        try:
            return cls(**numbers)
        except ValidationError as error:
            said = "; ".join(
                ": ".join((*map(str, fault["loc"]), fault["msg"].removeprefix("Value error, ")))
                for fault in error.errors()
            )
            raise UsageError(
                f"There can be no such world: {said}",
                remedy="Correct it; `tillpost simulate --help` lists the limits.",
            ) from error

    @property
    def zone(self) -> ZoneInfo:
        """The shops' time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def per_category(self) -> int:
        """Goods of one category that people buy; the catalogue may hold a few more."""
        return self.products // len(CATEGORIES)

    def on(self, day: int) -> date:
        """The date of a day; day 0 is the first."""
        return self.start + timedelta(days=day)

    def drop_of(self, day: int) -> datetime:
        """When what happened on a day arrives: 00:30 of the next, local time."""
        return datetime.combine(self.on(day + 1), DROP_TIME, tzinfo=self.zone)
