"""How long a receipt takes from its file to the line of the send list that it raises, while the shop is open.

A simulated shop's weeks up to yesterday are run and its models trained; then `tillpost ingest --continuous` answers
receipts of today (`triggers.live`), one a second, of people who agreed to mails. Seconds are from the rename that
landed a receipt's file to the file with its line, of the receipts that the journal sends. The first two minutes, in
which the session compiles and loads the models, are not measured.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.foundation import SCRATCH, sets
from benchmarks.processes import following, measure
from pipelines import query
from pipelines.calc.time import books_open
from pipelines.landing.files import drop
from pipelines.publish import send_list
from pipelines.settings import load

HOUSEHOLDS, DAYS, SECONDS, WARM_SECONDS = 2000, 60, 300, 120
GOAL = 120.0
PLACE = SCRATCH / "flagship"
_CARDS = (
    "select min(i.identifier_value) as card from gold.consents c join silver.person_identifiers i using (person_id) "
    "where c.channel = 'email' and c.consent and i.valid_to is null and i.identifier_type = 'loyalty_card' "
    "group by person_id order by 1"
)
_DECIDED = (
    "select send_key, candidate_id, outcome from gold.send_decisions where contains(candidate_id, '/live-')"
)


def flagship(households: int = HOUSEHOLDS, days: int = DAYS, seconds: int = SECONDS) -> dict[str, Any]:
    """A shop that is open, and receipts for so many seconds; their seconds from file to line."""
    shutil.rmtree(PLACE, ignore_errors=True)
    business = load().business
    today = books_open(datetime.now(UTC), business.time_zone, business.close_hour)
    world = {"to": PLACE, "start": today - timedelta(days), "days": days, "households": households}
    measure(["simulate", *(word for name, value in world.items() for word in (f"--{name}", str(value)))])
    places = [*sets(PLACE), f"landing.root={PLACE}/landing", "triggers.live=[receipt_mail]"]
    words = [word for pair in places for word in ("--set", pair)]
    measure(["run", "--as-of", str(today - timedelta(1)), "--train", *words])
    lake, chance = f"{PLACE}/lake", random.Random(8)
    with following(places) as cost:
        landed = dict(_landed(lake, chance, WARM_SECONDS + seconds))
        raised = _until_decided(lake, landed)
    lines, first = listed(Path(PLACE, "exports", "live")), min(landed.values()) + WARM_SECONDS
    waits = [lines[key] - landed[receipt] for receipt, key in raised.items() if landed[receipt] >= first]
    return {
        "households": households,
        "receipts": len(landed),
        "lines": len(waits),
        **{f"p{share}": round(float(np.percentile(waits, share)), 1) for share in (50, 99)},
        "longest": round(max(waits), 1),
        **asdict(cost),
        "command": "python -m benchmarks --only flagship",
    }


def listed(folder: Path) -> dict[str, float]:
    """By send key, when its line was there."""
    return {
        message.send_key: path.stat().st_mtime
        for path in folder.rglob("decided=*Z.jsonl")
        for message in send_list.read(path.read_text(encoding="utf-8").splitlines())
    }


def _landed(lake: str, chance: random.Random, seconds: int) -> Iterator[tuple[str, float]]:
    """Land a file with one receipt each second, each of another person; gives its id and when it was there."""
    cards = query.select(lake, _CARDS).column(0).to_pylist()
    goods = query.select(lake, "select product_id from silver.products order by 1").column(0).to_pylist()
    stores = query.select(lake, "select store_id from silver.stores order by 1").column(0).to_pylist()
    started = time.time()
    for number, card in enumerate(chance.sample(cards, min(seconds, len(cards)))):
        time.sleep(max(0.0, started + number - time.time()))
        now = datetime.now(UTC).replace(microsecond=0)
        name = f"live-{number}"
        receipt = {
            "receipt_no": name,
            "store_id": chance.choice(stores),
            "till_id": "T1",
            "purchased_at": f"{now - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}",
            "loyalty_card": card,
            "lines": [
                {"product_id": good, "quantity": 1, "net_amount": chance.randrange(50, 2000) / 100}
                for good in chance.sample(goods, 3)
            ],
        }
        drop(f"{PLACE}/landing", "receipts", now, f"{number}.jsonl", (json.dumps(receipt) + "\n").encode())
        yield name, time.time()


def _until_decided(lake: str, landed: Mapping[str, float], *, patience: float = 600) -> dict[str, str]:
    """By the number of a receipt that raises a message, its send key; once each receipt has its decision."""
    ends = time.monotonic() + patience
    while True:
        rows = query.select(lake, _DECIDED).to_pylist()
        of = {row["candidate_id"].split("/")[3]: row for row in rows}
        if landed.keys() <= of.keys():
            sent = {number: row["send_key"] for number, row in of.items() if row["outcome"] == "sent"}
            if set(sent.values()) <= listed(Path(PLACE, "exports", "live")).keys():
                return sent
        if time.monotonic() > ends:
            raise SystemExit("bench: receipts did not reach the send list")
        time.sleep(2)
