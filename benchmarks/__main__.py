"""Measure, write `docs/benchmarks.md` and print it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import foundation
from benchmarks.attribution import attribution
from benchmarks.foundation import SCRATCH
from benchmarks.identity import identity
from benchmarks.identity_world import world
from benchmarks.landing import landing
from benchmarks.machine import facts
from benchmarks.page import page
from benchmarks.retailer import retailer

PARTS = {
    **foundation.PARTS,
    "attribution": attribution,
    "landing": landing,
    "retailer": retailer,
    "identity": identity,
    "persons": world,
}
RESULTS = SCRATCH / "foundation.json"
PAGE = Path("docs/benchmarks.md")


def main(arguments: Sequence[str]) -> int:
    """Measure the parts asked for; the page keeps the last result of each of the others."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="one part; may be given again")
    wanted = parser.parse_args(arguments).only or list(PARTS)
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for name in wanted:
        machine = facts()
        results[name] = {**PARTS[name](), "machine": machine}
        SCRATCH.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1), encoding="utf-8")
        PAGE.write_text(page(results), encoding="utf-8")
    print(page(results))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
