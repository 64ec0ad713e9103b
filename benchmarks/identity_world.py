"""Persons in a simulated lake against the world's own truth: precision and recall of pairs, by type of identifier.

A world is simulated, its landing files go through ingest and refine in one run, and `silver.person_identifiers` as it
stands then is held against who really used what.

*Precision* is over all pairs of identifiers that are told to be one person's: a pair is right if somebody used both,
and an identifier that nobody used is wrong with any. *Recall* is over the pairs of one person's own identifiers, of
those that something ever tied to a name (`known_at`). What several people use (a family's phone, a kiosk's cookie) can
be one person's at most and is left out there; whose it is told to be counts for precision.
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
        "scores": compared(owners, found),
        "command": "python -m benchmarks --only persons",
    }


def compared(owners: pa.Table, found: pa.Table) -> list[list[Any]]:
    """By type: precision, and recall; see above.

    Args:
        owners: What `truth` gives.
        found: What `persons` gives.
    """
    own = owners.filter(pc.and_(owners["known"], pc.invert(owners["shared"])))
    whose = found.filter(pc.is_in(found["node"], value_set=own["node"].combine_chunks()))
    precise, complete = scores(owners, found, KINDS), scores(own, whose, KINDS)
    return [[kind, right, all_of] for (kind, right, _), (_, _, all_of) in zip(precise, complete, strict=True)]


def truth(place: Path) -> pa.Table:
    """`node`, `owner`, `known`, `shared`: who really used what, contacts as the lake's own tokens."""
    from pipelines.lakehouse.vault import Envelope
    from pipelines.lakehouse.vault_key import KeyRef

    rows = pq.read_table(place / "truth" / "identifiers")
    sealed = Envelope(KeyRef(path=str(place / "key.json")))
    values = [
        sealed.seal(kind, value.encode()) if kind in ("email", "phone") else value
        for kind, value in zip(rows["type"].to_pylist(), rows["value"].to_pylist(), strict=True)
    ]
    node = pc.binary_join_element_wise(rows["type"], pa.array(values), ":")
    known = pc.is_valid(rows["known_at"])
    return pa.table({"node": node, "owner": rows["person"], "known": known, "shared": rows["shared"]})


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
