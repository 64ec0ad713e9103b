"""A report's figures, with text that would do harm if it were not escaped."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pipelines.publish.report_data import BlockFill, Good, Period, ReportData, Score, Source, Stage

DAY = date(2024, 3, 10)
HOSTILE = "</script></noscript><script>alert('tea')</script><img src=x onerror=alert(1)>"


def period(first: date, days: int = 7, revenue: str = "100.00", **change: Any) -> Period:
    last = first + timedelta(days - 1)
    return replace(Period(first, last, Decimal(revenue), 10, 0.6, 0.5), **change)


def case(**change: Any) -> ReportData:
    data = ReportData(
        as_of=DAY,
        currency="EUR",
        release_id="455a07ca3eef",
        versions={"gold.kpi_daily": 3, "gold.send_list": 7},
        first_day=date(2024, 1, 3),
        people=1234,
        recent=period(date(2024, 2, 12), 28, "1050.40"),
        before=period(date(2024, 1, 15), 28, "1000.00"),
        weeks=tuple(period(date(2024, 1, 8) + timedelta(7 * n)) for n in range(9)),
        days_left_out=5,
        categories=((HOSTILE, Decimal("70.00")), ("TEA", Decimal("30.00"))),
        stages=(Stage("at_risk", 900, 120, Decimal("4321.50")), Stage("prospect", 334, 334, None)),
        tacit={"email": ("mailed",)},
        mails=4,
        blocks=(
            BlockFill("replenishment", 4, 2, 1, 5, 12),
            BlockFill("personal", 4, 4, 4, 12, 12),
            BlockFill("new_arrivals", 4, 0, 0, 0, 12),
        ),
        scores=(
            Score("als", "nDCG@10", 0.031, 0.029, 0.033),
            Score("popular", "nDCG@10", 0.025, 0.023, 0.027),
            Score("als", "recall@10", 0.02, None, None),
        ),
        excerpt=(("p1", (Good("personal", 1, HOSTILE, HOSTILE),)),),
        sources=(Source("silver.receipts", 10, 7, 2, 1), Source("silver.products", 5, 5, 0, 0)),
        simulated=(),
    )
    return replace(data, **change)
