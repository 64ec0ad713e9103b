"""Figures that someone has published: what they claim, and whether the rows can be true together.

A mailing's row goes from sent to opened, from opened to clicked, from clicked to ordered. Each rate is of the one
before it, as marketers print them; where rows multiply out to something else, the reader is told, with numbers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipelines.errors import DataError


@dataclass(frozen=True)
class PublishedRow:
    """One row of a published table.

    Attributes:
        name: Of the segment.
        sent: Mails sent.
        open_rate: Opened of sent, from 0 to 1.
        click_rate: Clicked of opened.
        conversion_rate: Ordered of clicked.
        orders: As printed.
    """

    name: str
    sent: int
    open_rate: float
    click_rate: float
    conversion_rate: float
    orders: int

    def __post_init__(self) -> None:
        rates = (self.open_rate, self.click_rate, self.conversion_rate)
        if self.sent <= 0 or self.orders < 0 or not all(0 <= rate <= 1 for rate in rates):
            raise DataError(
                f"The row {self.name!r} cannot be: rates are from 0 to 1, sent is above 0, orders not below",
                remedy="Give 43.27 % as 0.4327.",
            )

    @property
    def opened(self) -> float:
        """Opens that sent and open rate imply."""
        return self.sent * self.open_rate

    @property
    def clicked(self) -> float:
        """Clicks that the rates imply."""
        return self.opened * self.click_rate

    @property
    def implied_orders(self) -> float:
        """Orders that the rates imply."""
        return self.clicked * self.conversion_rate

    @property
    def orders_per_sent(self) -> float:
        """Printed orders by mails sent."""
        return self.orders / self.sent


@dataclass(frozen=True)
class Uplifts:
    """How much more one row has than another, as shares; null where the other has none.

    Attributes:
        opens: Of the open rate.
        clicks: Of the click rate.
        conversions: Of the conversion rate.
        orders: Of the printed orders, as they are published: from whatever numbers were sent.
        orders_per_sent: Of the orders per mail sent, which is what compares.
    """

    opens: float | None
    clicks: float | None
    conversions: float | None
    orders: float | None
    orders_per_sent: float | None


def uplifts(row: PublishedRow, base: PublishedRow) -> Uplifts:
    """The row against the base."""

    def lift(value: float, other: float) -> float | None:
        return value / other - 1 if other else None

    return Uplifts(
        lift(row.open_rate, base.open_rate),
        lift(row.click_rate, base.click_rate),
        lift(row.conversion_rate, base.conversion_rate),
        lift(row.orders, base.orders),
        lift(row.orders_per_sent, base.orders_per_sent),
    )


def inconsistencies(
    segments: Sequence[PublishedRow], total: PublishedRow | None = None, step: float = 0.0001
) -> list[str]:
    """What does not add up in published rows, each as a sentence; empty when all of it does.

    A printed rate stands for all that are rounded to it; only what no such rates can explain is told.

    Args:
        segments: The parts; the first is compared with each of the others.
        total: The row of all of them, if it is printed.
        step: In which rates are printed; 0.0001 for 43.27 %.
    """
    said = [line for row in segments if (line := _own(row, step))]
    if total is not None:
        own = _own(total, step)
        said += [*([own] if own else []), *_sums(segments, total), *_rates(segments, total, step)]
    return said + [line for other in segments[1:] if (line := _unequal(segments[0], other))]


def _moved(row: PublishedRow, by: float) -> PublishedRow:
    def moved(rate: float) -> float:
        return min(max(rate + by, 0.0), 1.0)

    return replace(
        row,
        open_rate=moved(row.open_rate),
        click_rate=moved(row.click_rate),
        conversion_rate=moved(row.conversion_rate),
    )


def _own(row: PublishedRow, step: float) -> str | None:
    least, most = (_moved(row, by).implied_orders for by in (-step / 2, step / 2))
    if least - 0.5 <= row.orders <= most + 0.5:
        return None
    low, high = math.floor(row.implied_orders), math.ceil(row.implied_orders)
    return (
        f"{row.name}: {row.sent:,} mails at the printed rates make {low:,} to {high:,} orders, but {row.orders:,} "
        "are printed. Rates and orders cannot be of the same mails and the same days."
    )


def _sums(segments: Sequence[PublishedRow], total: PublishedRow) -> Iterator[str]:
    for what, found, printed in (
        ("mails sent", sum(row.sent for row in segments), total.sent),
        ("orders", sum(row.orders for row in segments), total.orders),
    ):
        if found != printed:
            yield f"{total.name}: the segments have {found:,} {what} together, but {printed:,} are printed."


def _rates(segments: Sequence[PublishedRow], total: PublishedRow, step: float) -> Iterator[str]:
    pooled, least, most = (
        _pooled([_moved(row, by) for row in segments]) for by in (0.0, -step / 2, step / 2)
    )
    printed = (total.open_rate, total.click_rate, total.conversion_rate)
    for place, (what, rate) in enumerate(zip(("opened", "clicked", "ordered"), printed, strict=True)):
        if not least[place] - step / 2 <= rate <= most[place] + step / 2:
            yield (
                f"{total.name}: of those who could, {_percent(pooled[place])} of the segments together {what}, "
                f"but {_percent(rate)} is printed. A total is the sum of its parts."
            )


def _pooled(rows: Sequence[PublishedRow]) -> list[float]:
    """Opened of sent, clicked of opened, ordered of clicked, over all rows."""
    counts = [
        sum(row.sent for row in rows),
        sum(row.opened for row in rows),
        sum(row.clicked for row in rows),
        sum(row.implied_orders for row in rows),
    ]
    return [part / whole if whole else 0.0 for whole, part in itertools.pairwise(counts)]


def _unequal(row: PublishedRow, base: PublishedRow) -> str | None:
    lifts = uplifts(row, base)
    if lifts.orders is None or lifts.orders_per_sent is None or row.sent == base.sent:
        return None
    return (
        f"{row.name} against {base.name}: {lifts.orders:+,.0%} orders compares {row.sent:,} mails with "
        f"{base.sent:,}. Per mail sent it is {lifts.orders_per_sent:+,.0%}."
    ).replace("%", " %")


def _percent(share: float) -> str:
    return f"{share:.2%}".replace("%", " %")
