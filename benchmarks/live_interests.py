"""How long a page view takes to the interest profile of whoever looked, and to their visit's interests.

`tillpost ingest --continuous` goes on from the lake of `benchmarks.customers`, the demo's year, and every few seconds a
file lands with page views of people whose browsers are known there. A file is in a table at the first commit whose
inputs, and theirs back to bronze, hold its batch: seconds are from the rename that landed it to that commit's file.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import customers
from benchmarks.continuous import latencies
from benchmarks.foundation import SCRATCH, sets
from benchmarks.processes import following
from pipelines import query
from pipelines.bronze import records as bronze
from pipelines.gold import interest_days, interest_profiles, session_interests
from pipelines.lakehouse import log
from pipelines.lakehouse.lake import path_of
from pipelines.lakehouse.table import Table
from pipelines.landing.files import drop
from pipelines.silver import sessions, web_events

PEOPLE, A_FILE, EVERY, SECONDS, WARM_SECONDS = 200, 5, 3, 300, 30
GOAL = 180.0
PLACE = SCRATCH / "live_interests"
AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15"
_SOURCE = (web_events.TABLE, bronze.TABLES["web_events"])
CHAINS: dict[str, tuple[Table, ...]] = {
    interest_profiles.TABLE.name: (interest_profiles.TABLE, interest_days.TABLE, *_SOURCE),
    session_interests.TABLE.name: (session_interests.TABLE, sessions.TABLE, *_SOURCE),
}
"""From a table back to bronze, each reading the next."""


def live_interests(seconds: int = SECONDS) -> dict[str, Any]:
    """A living process, and page views for so many seconds; their seconds from file to gold."""
    if not (customers.PLACE / "lake" / "gold").exists():
        customers.customers()
    shutil.rmtree(PLACE, ignore_errors=True)
    shutil.copytree(customers.PLACE, PLACE)
    places, lake = [*sets(PLACE), f"landing.root={PLACE}/landing"], f"{PLACE}/lake"
    cookies, goods = _known(lake)
    with following(places) as cost:
        landed = dict(_landed(f"{PLACE}/landing", random.Random(20), cookies, goods, seconds))
        batches = _until_held(lake, list(landed))
    measured = dict(list(landed.items())[WARM_SECONDS // EVERY :])
    waits = {name: latencies(measured, batches, [held(lake, chain)]) for name, chain in CHAINS.items()}
    return {
        "views": A_FILE * len(measured),
        "people": PEOPLE,
        "a_file": A_FILE,
        "every": EVERY,
        "waits": {
            name: {f"p{share}": round(float(np.percentile(found, share)), 1) for share in (50, 99)}
            for name, found in waits.items()
        },
        **asdict(cost),
        "command": "python -m benchmarks --only live_interests",
    }


def held(lake: str, chain: Sequence[Table]) -> list[tuple[int, float]]:
    """Of each commit of the chain's first table, oldest first: the last batch that it holds, and when it was there."""
    path = path_of(lake, chain[0])
    return [
        (batch, Path(f"{path}/_delta_log/{version:020}.json").stat().st_mtime)
        for version, batch in sorted(_batches(lake, chain).items())
    ]


def _batches(lake: str, chain: Sequence[Table]) -> dict[int, int]:
    """By version of the chain's first table, the last batch that it holds."""
    table, *rest = chain
    marks = {c.version: c.mark for c in log.commits(path_of(lake, table)) if c.mark}
    if not rest:
        return {version: mark.batch for version, mark in marks.items()}
    below = _batches(lake, rest)
    return {version: below.get(mark.inputs[rest[0].name], 0) for version, mark in marks.items()}


def _known(lake: str) -> tuple[list[str], list[str]]:
    """Browsers of people, one a person, and goods of the catalogue."""
    cookies = query.select(
        lake,
        "select min(identifier_value) as cookie from silver.person_identifiers where identifier_type = 'cookie' "
        f"and valid_to is null and person_id is not null group by person_id order by 1 limit {PEOPLE}",
    )
    goods = query.select(lake, "select product_id from silver.products order by 1 limit 2000")
    return cookies.column(0).to_pylist(), goods.column(0).to_pylist()


def _landed(
    landing: str, chance: random.Random, cookies: list[str], goods: list[str], seconds: int
) -> Iterator[tuple[str, float]]:
    """Land a file every few seconds; gives its path and when it was there."""
    started = time.time()
    for number in range(seconds // EVERY):
        time.sleep(max(0.0, started + number * EVERY - time.time()))
        now = datetime.now(UTC).replace(microsecond=0)
        views = (
            _view(f"live-{number}-{n}", now, chance.choice(cookies), chance.choice(goods))
            for n in range(A_FILE)
        )
        content = "".join(json.dumps(view) + "\n" for view in views).encode()
        yield drop(landing, "web_events", now, f"{number}.jsonl", content), time.time()


def _view(number: str, now: datetime, cookie: str, good: str) -> dict[str, Any]:
    return {
        "event_id": number,
        "kind": "product_view",
        "occurred_at": f"{now - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}",
        "cookie": cookie,
        "url": f"https://shop.example/p/{good}",
        "user_agent": AGENT,
        "lines": [{"product_id": good}],
    }


def _until_held(lake: str, files: list[str], *, patience: float = 600) -> dict[str, int]:
    """The batch of each file, once every table holds the last of them."""
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        taken = {row["file"]: row["batch"] for row in query.select(lake, "from bronze.files").to_pylist()}
        if set(files) <= taken.keys():
            last = max(taken[file] for file in files)
            if all(max(batch for batch, _ in held(lake, chain)) >= last for chain in CHAINS.values()):
                return taken
        time.sleep(1)
    raise SystemExit("bench: page views did not reach gold")
