"""The page `docs/plan.md`: how a plan is made, and two that `tillpost plan` prints."""

from __future__ import annotations

from pipelines.plan.asked import answer
from pipelines.plan.measured import measured
from pipelines.plan.sizing import (
    CORE_GB,
    DRIVER_CORES,
    DRIVER_GB,
    DRIVER_ROWS,
    LINES_A_RECEIPT,
    ONE_MACHINE,
    ONE_MACHINE_GB,
    Load,
    people_of,
)
from pipelines.settings import load

HOURS, PRICE = 4.0, 0.05
MID_SIZE = Load(50_000, 1_000_000, 365, people_of(50_000))
GIANT = Load(2_500_000, 200_000_000, 365, 100_000_000)

_HEAD = """<!-- Written by `make docs` from pipelines/plan/measured.json (`python -m benchmarks --only plan`). -->

# What a retailer would need

`tillpost plan` says the cores, memory, storage and money of a day's run: on one machine where that does, else on a
cluster. It starts nothing and needs no lake. **Each figure is arithmetic on measured runs; nothing of the sizes
below has been run.**"""

_HOW = """## How

A stage (`ingest`, `refine`, `build`, `train`, `score`, `publish`) costs, in processor seconds, in bytes of memory
and in bytes stored alike,

```
cost    = fixed + a x lines + b x events + c x rows standing + d x people
cost    x (rows / largest) ^ (exponent - 1)     of all but `fixed`, beyond the largest measured run
seconds = fixed + (spread / cores + driver / driver's cores) x skew / efficiency
```

- **Coefficients** are fitted to the measured points of the stage: none is negative, and errors count relative to
  their point. Lines and events are those that arrive; what stands is both kinds; a history from nothing arrives all
  at once.
- **The exponent** says by which power of that sum the two largest runs from nothing grew; it counts above 1, and
  only where either cost twice what any run costs: small runs tell nothing of growth.
- **Efficiency** is the share of the cores' time that the largest run had work for. More cores are taken to scale as
  those did: linearly. That is the plan's weakest assumption, since no cluster of that size has been measured.
- **By the driver alone**: all of `publish`, by {publish} core (files go out row by row), and models up to
  {driver_rows:,} rows, by {train} cores (beyond, a sample is fitted, or the engine fits). `fixed` has one core.
- **Skew** is the worst ratio of a trap to as many even rows (`skew` in the [figures](benchmarks.md)); it stretches
  all work. Where none is measured it is 1, and where Spark is not, it is taken to cost what Sail does.
- **A cluster** runs Spark: every cost is Sail's times the factor measured on one small world, where Spark's start
  weighs most, and shuffled bytes are Spark's on that world, by row. Each core has {core_gb} GB, beyond which Spark
  spills, and the driver {driver_gb} GB.
- **One machine** has {least} to {cores} cores and up to {memory} GB; memory is that of the stage which holds most.
- **Storage** is what the history takes, and what `maintain.keep_days` days of runs wrote.
- **Money** is paid for the cores while the day's run lasts; storage is not in it.
- A receipt has {lines} lines; 60 % of receipts show who bought ([volumes](volumes.md)).
- **The errors** under a plan are of each measured point, foretold by a model of the others. Where points are few
  they are large; they say nothing of sizes beyond those measured.
- **The first bottleneck** is, of the limits beyond which nothing takes over, the one that a retailer passes first as it
  grows to this size in even proportion; a limit's `times` is the size as a multiple of what the limit takes."""


def plan_page() -> str:
    """The page's text."""
    how = _HOW.format(
        publish=DRIVER_CORES["publish"],
        train=DRIVER_CORES["train"],
        driver_rows=DRIVER_ROWS,
        core_gb=CORE_GB,
        driver_gb=DRIVER_GB,
        least=ONE_MACHINE[0],
        cores=ONE_MACHINE[-1],
        memory=ONE_MACHINE_GB,
        lines=LINES_A_RECEIPT,
    )
    mid = _example("A mid-size retailer: 158 stores, a year", MID_SIZE)
    giant = _example("On paper: 1,000 stores and 100 million people", GIANT)
    return "\n\n".join([_HEAD, how, mid, giant, _points()]) + "\n"


def command_of(load: Load) -> list[str]:
    """The words after `tillpost` that print the plan of a load."""
    return [
        *("plan", "--receipts-per-day", str(load.receipts), "--history", str(load.days)),
        *("--events-per-day", str(load.events), "--people", str(load.people)),
        *("--price-per-core-hour", f"{PRICE:g}"),
    ]


def _example(title: str, of: Load) -> str:
    text = answer(of, load(), hours=HOURS, price=PRICE)
    return f"## {title}\n\n```console\n$ tillpost {' '.join(command_of(of))}\n{text}\n```"


def _points() -> str:
    head = "| stage | lines | events | people | on lines | on events | seconds | processor | peak memory | stored |"
    rows = [
        f"| {p.stage} | {p.lines:,} | {p.events:,} | {p.people:,} | {p.standing_lines:,} | {p.standing_events:,} | "
        f"{p.seconds:.1f} s | {p.cpu_seconds:.1f} s | {p.peak_bytes / 2**30:.2f} GB | "
        f"{p.bytes_stored / 2**20:,.1f} MB |"
        for p in measured().points
    ]
    return "\n".join(["## The measured points", "", head, "|---|" + "---:|" * 9, *rows])
