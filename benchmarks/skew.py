"""Traps of skew and size, each through ingest, refine and build, beside as many even rows.

Receipts of a month, and web events of a day, that differ from even ones in one thing. A good that is in every basket
goes through training, too: it would be related to all goods. Every run is kept, so that a killed benchmark goes on.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from benchmarks import made
from benchmarks.foundation import SCRATCH
from benchmarks.kept import Kept
from benchmarks.little import LAST, commanded
from benchmarks.plan_points import record

GOALS = {"ratio": 2.0, "gigabytes": 8.0}
STAGES = ("ingest", "refine", "build")
PLACE = SCRATCH / "skew"
LINES, EVENTS, DAYS = 2_000_000, 1_000_000, 30
MANY_RECEIPTS, BOT, LARGE, TINY = 100_000, 10_000_000, 17_500_000, 10_000  # 17.5 M events are 5 GB


@dataclass(frozen=True)
class Trap:
    """What is landed: `records` of a source in all, over so many days, evenly but for `instead`.

    Args:
        source: `receipts` or `web_events`.
        records: Receipts or events.
        days: Over which they lie.
        instead: As `made.land` takes it.
        beside: The even case of the same name; null: it is one.
        files: Of each day; null: as many as `made` makes.
        ending: Of the files.
        stages: That it goes through.
    """

    source: str
    records: int
    days: int
    instead: str = ""
    beside: str | None = None
    files: int | None = None
    ending: str = ".jsonl"
    stages: tuple[str, ...] = STAGES

    @property
    def rows(self) -> int:
        """Lines or events."""
        return round(self.records * (made.LINES_A_RECEIPT if self.source == "receipts" else 1))


def cases(shrink: int) -> dict[str, Trap]:
    """Even cases and traps by name, all so many times smaller."""
    receipts, events = round(LINES / made.LINES_A_RECEIPT) // shrink, EVENTS // shrink
    bot, large, many = BOT // shrink, LARGE // shrink, MANY_RECEIPTS // shrink
    a_day = many // DAYS
    bought = partial(Trap, "receipts", receipts, DAYS, beside="even receipts")
    trained = (*STAGES, "train")
    first = "{'product_id': 'p0', 'quantity': 1, 'net_amount': CAST(1 AS DECIMAL(9, 2))}"
    everywhere = f"list_concat([{first}], lines[2:]) AS lines"
    known = "coalesce(loyalty_card, 'C' || (CAST(receipt_no AS BIGINT) % 1000))"
    number = "CAST(receipt_no AS BIGINT)"
    few, four = partial(Trap, "web_events", events, 1), partial(Trap, "web_events", 4 * events, 1)
    return {
        "even receipts": Trap("receipts", receipts, DAYS, stages=trained),
        "a store with half of all receipts": bought(
            f"CASE WHEN {number} % 2 = 0 THEN 'S0' ELSE store_id END AS store_id"
        ),
        "nobody known for 40 % of the lines": bought(
            f"CASE WHEN {number} % 5 >= 2 THEN {known} END AS loyalty_card"
        ),
        "a good in every basket": bought(everywhere, stages=trained),
        f"a person with {many:,} receipts": bought(
            f"CASE WHEN {number} < {a_day} THEN 'C0' ELSE loyalty_card END AS loyalty_card"
        ),
        "even events, with a bot's": Trap("web_events", bot + bot // 10, 1),
        f"a bot with {bot:,} events": Trap(
            "web_events",
            bot + bot // 10,
            1,
            "CASE WHEN CAST(substr(event_id, 2) AS BIGINT) % 11 > 0 THEN 'c0' ELSE cookie END AS cookie",
            "even events, with a bot's",
        ),
        "even events": few(),
        f"{TINY // shrink:,} tiny files": few(beside="even events", files=TINY // shrink),
        "even events, many": Trap("web_events", large, 1),
        "one file of all of them": Trap("web_events", large, 1, beside="even events, many", files=1),
        "even events, plain": four(),
        "packed by gzip": four(beside="even events, plain", ending=".jsonl.gz"),
        "packed by gzip, one file": four(beside="even events, plain", ending=".jsonl.gz", files=1),
        "packed by Zstandard": four(beside="even events, plain", ending=".jsonl.zst"),
        "in Parquet": four(beside="even events, plain", ending=".parquet"),
    }


def skew(shrink: int = 1) -> dict[str, Any]:
    """Every case, and of each trap its ratio to the even case; at full size the plan learns them."""
    kept = Kept(PLACE / f"measured-{shrink}")
    these = cases(shrink)
    found = {name: kept.once(_slug(name), partial(_run, name, trap)) for name, trap in these.items()}
    traps = {
        name: {
            **found[name],
            "rows": trap.rows,
            "beside": trap.beside,
            **_ratios(found[name], found[trap.beside]),
        }
        for name, trap in these.items()
        if trap.beside
    }
    if shrink == 1:
        record(skew={name: trap["ratio"] for name, trap in traps.items()})
    return {
        "traps": traps,
        "even": {name: found[name] for name, trap in these.items() if not trap.beside},
        "stages": [*STAGES, "train"],
        "goals": GOALS,
        "command": "python -m benchmarks --only skew",
    }


def _ratios(trap: dict[str, Any], even: dict[str, Any]) -> dict[str, float]:
    """Over the stages that the trap went through."""

    def ratio(of: str) -> float:
        ours: dict[str, float] = trap[of]
        theirs: dict[str, float] = even[of]
        return round(sum(ours.values()) / sum(theirs[stage] for stage in ours), 2)

    return {"ratio": ratio("stages"), "cpu_ratio": ratio("cpu")}


def _run(name: str, trap: Trap) -> dict[str, Any]:
    place = PLACE / _slug(name)
    shutil.rmtree(place, ignore_errors=True)
    of_day = trap.records // trap.days
    for number in range(trap.days):
        made.land(
            place / "landing",
            trap.source,
            LAST - timedelta(days=number),
            of_day,
            people=max(trap.records // 40, 100),
            products=max(min(trap.rows // 50, made.PRODUCTS), 1),
            instead=trap.instead,
            file_records=-(-of_day // trap.files) if trap.files else made.FILE_RECORDS,
            ending=trap.ending,
        )
    costs = {stage: cost for stage, (cost, _) in commanded(place, LAST, stages=trap.stages).items()}
    shutil.rmtree(place)
    return {
        "stages": {stage: cost.seconds for stage, cost in costs.items()},
        "cpu": {stage: cost.cpu_seconds for stage, cost in costs.items()},
        "peak_bytes": max(cost.peak_bytes for cost in costs.values()),
    }


def _slug(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)
