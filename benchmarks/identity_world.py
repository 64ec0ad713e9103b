"""Persons in a simulated lake against the world's own truth: precision and recall of pairs, by type of identifier.

A world is simulated, its landing files go through ingest and refine in one run, and `silver.person_identifiers` as it
stands then is held against who really used what. Of the truth count the identifiers that something ever tied to a name
(`known_at`); a kiosk's cookie is nobody's.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.identity_truth import scores
from benchmarks.processes import measured, tillpost

PLACE = Path("data/bench/identity_world")
START = date(2024, 1, 1)
KINDS = ("all", "loyalty_card", "login", "email", "phone", "payment_token", "push_token", "cookie")


def world(households: int = 1000, days: int = 60, place: Path = PLACE) -> dict[str, Any]:
    """Simulate, refine and compare.

    Args:
        households: Of the world.
        days: That it lasts.
        place: Where it lies, and its lake; emptied before.
    """
    shutil.rmtree(place, ignore_errors=True)
    made = ["--to", str(place), "--households", str(households), "--days", str(days), "--seed", "5"]
    measured(tillpost(["simulate", *made]))
    roots = [word for name in ("landing", "lake") for word in ("--set", f"{name}.root={place / name}")]
    as_of = str(START + timedelta(days=days - 1))
    sets = [*roots, "--set", f"vault.key_file={place / 'key.json'}", "--as-of", as_of]
    seconds = {stage: round(measured(tillpost([stage, *sets])).seconds, 1) for stage in ("ingest", "refine")}
    owners, found = truth(place), persons(place / "lake")
    return {
        "households": households,
        "days": days,
        "seconds": seconds,
        "identifiers": found.num_rows,
        "scores": [list(row) for row in scores(owners, found, KINDS)],
        "command": "python -m benchmarks --only persons",
    }


def truth(place: Path) -> pa.Table:
    """`node`, `owner`: who really used what, contacts as the lake's own tokens."""
    from pipelines.lakehouse.vault import Envelope, KeyRef

    rows = pq.read_table(place / "truth" / "identifiers")
    shared = pc.and_(rows["shared"], pc.equal(rows["type"], "cookie"))
    rows = rows.filter(pc.and_(pc.is_valid(rows["known_at"]), pc.invert(shared)))
    sealed = Envelope(KeyRef(path=str(place / "key.json")))
    values = [
        sealed.seal(kind, value.encode()) if kind in ("email", "phone") else value
        for kind, value in zip(rows["type"].to_pylist(), rows["value"].to_pylist(), strict=True)
    ]
    node = pc.binary_join_element_wise(rows["type"], pa.array(values), ":")
    return pa.table({"node": node, "owner": rows["person"]})


def persons(lake: Path) -> pa.Table:
    """`node`, `person_id`: whose each identifier of the truth's types is now."""
    from pipelines.query import select

    types = ", ".join(repr(kind) for kind in KINDS[1:])
    return select(
        str(lake),
        "SELECT identifier_type || ':' || identifier_value AS node, person_id FROM silver.person_identifiers "
        f"WHERE valid_to IS NULL AND person_id IS NOT NULL AND identifier_type IN ({types})",
    )


def main(arguments: Sequence[str]) -> None:
    """Print what a world of so many households and days comes to."""
    found = world(*map(int, arguments))
    print(
        f"{found['identifiers']:,} identifiers of {found['households']:,} households in {found['days']} days"
    )
    for kind, precision, recall in found["scores"]:
        print(f"{kind:<16}{precision:>8.4f}{recall:>8.4f}")


if __name__ == "__main__":
    main(sys.argv[1:])
