"""How long a receipt takes from its file to silver while `tillpost ingest --continuous` runs.

A file a second lands with 20 receipts of three lines. A file is in silver at the first commits of
`silver.receipts` and `silver.receipt_lines` whose bronze holds its batch: seconds are from the rename that landed
it to the later of the two commit files. The first half minute, in which the session compiles its classes, is
not measured.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.processes import following
from pipelines import query
from pipelines.bronze import records as bronze
from pipelines.lakehouse import log
from pipelines.lakehouse.lake import path_of
from pipelines.lakehouse.table import Table
from pipelines.landing.files import drop
from pipelines.silver import receipt_lines, receipts

RECEIPTS_A_SECOND = 20
WARM_SECONDS, SECONDS = 30, 150


def continuous(place: Path, sets: Sequence[str], seconds: int = SECONDS) -> dict[str, Any]:
    """A living process with a file a second; its seconds from file to silver, of the files of so many seconds."""
    shutil.rmtree(place, ignore_errors=True)
    chance, lake, landing = random.Random(20), f"{place}/lake", f"{place}/landing"
    with following(sets) as cost:
        landed = dict(_landed(landing, chance, WARM_SECONDS + seconds))
        _until_in_silver(lake, len(landed))
    taken = {row["file"]: row["batch"] for row in query.select(lake, "from bronze.files").to_pylist()}
    measured = dict(list(landed.items())[WARM_SECONDS:])
    waits = sorted(
        latencies(measured, taken, [commits(lake, t) for t in (receipts.TABLE, receipt_lines.TABLE)])
    )
    return {
        "receipts": RECEIPTS_A_SECOND * len(waits),
        "p50": round(float(np.percentile(waits, 50)), 1),
        "p99": round(float(np.percentile(waits, 99)), 1),
        "longest": round(waits[-1], 1),
        **asdict(cost),
        "command": "python -m benchmarks --only continuous",
    }


def latencies(
    landed: Mapping[str, float], batches: Mapping[str, int], tables: Sequence[Sequence[tuple[int, float]]]
) -> list[float]:
    """Seconds from each file's landing until every table holds it.

    Args:
        landed: When each file landed, in seconds.
        batches: The ingest batch of each file.
        tables: Of each table its commits, oldest first: the last batch that it holds, and when.

    >>> latencies({"a": 0.0, "b": 1.0}, {"a": 1, "b": 2}, [[(1, 3.0), (2, 5.0)], [(2, 6.0)]])
    [6.0, 5.0]
    """
    return [
        max(next(at for batch, at in table if batch >= batches[file]) for table in tables) - instant
        for file, instant in landed.items()
    ]


def commits(lake: str, table: Table) -> list[tuple[int, float]]:
    """Of each commit of a silver table, oldest first: the last batch that it holds, and when it could be read."""
    source = bronze.TABLES["receipts"]
    held = {c.version: c.mark.batch for c in log.commits(path_of(lake, source)) if c.mark}
    path = path_of(lake, table)
    found = [(c.version, held.get(c.mark.inputs[source.name], 0)) for c in log.commits(path) if c.mark]
    return sorted((batch, Path(f"{path}/_delta_log/{v:020}.json").stat().st_mtime) for v, batch in found)


def _landed(landing: str, chance: random.Random, seconds: int) -> Iterator[tuple[str, float]]:
    """Land a file each second; gives its path and when it was there."""
    started = time.time()
    for second in range(seconds):
        time.sleep(max(0.0, started + second - time.time()))
        now = datetime.now(UTC).replace(microsecond=0)
        rows = (_receipt(chance, f"{second}-{n}", now) for n in range(RECEIPTS_A_SECOND))
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        yield drop(landing, "receipts", now, f"{second}.jsonl", content), time.time()


def _receipt(chance: random.Random, number: str, now: datetime) -> dict[str, Any]:
    lines = [
        {
            "product_id": f"P{chance.randrange(5000)}",
            "quantity": 1,
            "net_amount": chance.randrange(50, 2000) / 100,
        }
        for _ in range(3)
    ]
    return {
        "receipt_no": number,
        "store_id": f"S{chance.randrange(20)}",
        "till_id": "T1",
        "purchased_at": f"{now - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}",
        "loyalty_card": f"C{chance.randrange(2000)}",
        "lines": lines,
    }


def _until_in_silver(lake: str, files: int, *, patience: float = 120) -> None:
    ends = time.monotonic() + patience
    asked = f"select count(*) as n from {receipt_lines.TABLE.name}"
    while query.select(lake, asked).to_pylist()[0]["n"] < files * RECEIPTS_A_SECOND * 3:
        if time.monotonic() > ends:
            raise SystemExit("bench: receipts did not reach silver")
        time.sleep(1)
