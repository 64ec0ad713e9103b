"""Sections of `docs/benchmarks.md` on the tables that marketing works from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.customers import GOALS
from benchmarks.customers_growth import GOALS as GROWTH
from benchmarks.live_interests import GOAL as LIVE
from benchmarks.segments import GOAL as SEGMENTS


def customers_section(result: Mapping[str, Any], table: Any, met: Any) -> list[str]:
    """From silver to the tables that marketing works from, and the next day on top."""
    rebuild, day = result["rebuild"], result["day"]
    share = day["seconds"] / rebuild["seconds"]
    different = sum(result["different"].values())
    judged = [
        met("seconds from silver, all tables anew", rebuild["seconds"], GOALS["rebuild"], lower=True),
        met("seconds for the next day", day["seconds"], GOALS["day"], lower=True),
        met("the next day, as a share of it", share, GOALS["share"], lower=True),
        met("rows that DuckDB's tables have otherwise", different, 0, lower=True),
    ]
    anew, following = result["tables"]["rebuild"], result["tables"]["day"]
    times = [(f"`{name}`", f"{seconds:.1f} s", f"{following[name]:.1f} s") for name, seconds in anew.items()]
    beside = [(f"`{name}`", f"{seconds:.1f} s") for name, seconds in result["peer"]["parts"].items()]
    return [
        "## From silver to what marketing works from",
        table(("", "measured", "goal", ""), judged),
        "The receipts, visits and mails of the demo's year; three tables at a time, and the session's start is in the "
        f"seconds. Of the processor anew {rebuild['cpu_seconds']:.0f} s and the next day {day['cpu_seconds']:.0f} s. "
        f"Peak memory {rebuild['peak_bytes'] / 2**30:.1f} GB.",
        table(("", "anew", "the next day"), times),
        "DuckDB, from the same Parquet files into memory: no history kept, no commit, no next day. Its rows are held "
        "against the lake's, one by one.",
        table(("", "seconds"), beside),
    ]


def growth_section(result: Mapping[str, Any], table: Any, met: Any) -> list[str]:
    """The same tables, by the number of lines."""
    *_, largest = result["runs"].values()
    *_, day = result["following"].values()
    gigabytes = largest["peak_bytes"] / 2**30
    judged = [
        met("seconds for the largest", largest["seconds"], GROWTH["seconds"], lower=True),
        met("GB of memory for the largest", gigabytes, GROWTH["gigabytes"], lower=True),
        met("growth exponent", result["exponent"], GROWTH["exponent"], lower=True),
        met("seconds for the next day, of the largest", day["seconds"], GOALS["day"], lower=True),
        met(
            "that day, as a share of all anew",
            day["seconds"] / largest["seconds"],
            GOALS["share"],
            lower=True,
        ),
    ]
    rows = [
        (
            f"{lines:,}",
            f"{result['people'][lines]:,}",
            f"{run['seconds']:.0f} s",
            f"{run['cpu_seconds']:.0f} s",
            f"{run['peak_bytes'] / 2**30:.1f} GB",
            f"{result['following'][lines]['seconds']:.0f} s",
        )
        for lines, run in result["runs"].items()
    ]
    return [
        "## From silver to what marketing works from, by its size",
        table(("", "measured", "goal", ""), judged),
        table(
            ("receipt lines", "people", "all tables anew", "of the processor", "peak memory", "the next day"),
            rows,
        ),
        "Drawn receipts of a year, five lines each, and a page view for each ten lines; the next day brings a 365th of "
        "both. On The Complete Journey, where a day touches one person in four and all tables take seconds, the day's "
        "share is larger: see above.",
    ]


def segments_section(result: Mapping[str, Any], table: Any, met: Any) -> list[str]:
    """Who is in which segment."""
    seconds = result["seconds"]
    judged = [met("seconds for members, sizes and overlaps", sum(seconds.values()), SEGMENTS, lower=True)]
    return [
        f"## {result['segments']:,} segments over {result['people']:,} simulated people",
        table(("", "measured", "goal", ""), judged),
        f"{result['memberships']:,} memberships: "
        + ", ".join(f"{name} {value:.1f} s" for name, value in seconds.items())
        + ".",
    ]


def interest_segments_section(result: Mapping[str, Any], table: Any) -> list[str]:
    """The interest segment beside the CRM segment."""
    rows = [
        (goods, *(f"{rate:.1%} ({low:.1%} to {high:.1%})" for rate, low, high in rates))
        for goods, rates in result["rates"].items()
    ]
    return [
        "## Interest segment and CRM segment, on real receipts",
        "Share of the households that bought such goods in the next eight weeks, with 95 % intervals; the cells, their "
        "orders and a chart are in [interest_segments.md](interest_segments.md).",
        table(("goods", "interest segment", "CRM segment"), rows),
    ]


def interest_truth_section(result: Mapping[str, Any], table: Any) -> list[str]:
    """Interests against the simulator's truth."""
    return [
        "## Interests against a simulated world's truth",
        f"{result['households']:,} households over {result['days']} days. The area under the ROC curve, mean over "
        f"{result['categories']} categories; by category in [interest_truth.md](interest_truth.md).",
        table(
            ("having the interest", "AUC"), [(name, f"{area:.3f}") for name, area in result["means"].items()]
        ),
    ]


def live_section(result: Mapping[str, Any], table: Any, met: Any) -> list[str]:
    """From a page view to the profile, and to the visit's interests."""
    judged = [
        met(f"seconds until `{name}` holds a page view, 99 of 100", found["p99"], LIVE, lower=True)
        for name, found in result["waits"].items()
    ]
    medians = ", ".join(f"`{name}` {found['p50']} s" for name, found in result["waits"].items())
    return [
        "## Continuous ingest: from a page view to the profile",
        table(("", "measured", "goal", ""), judged),
        f"{result['views']:,} page views of {result['people']} people of the demo, on top of its year; a file of "
        f"{result['a_file']} every {result['every']} s, {result['cycles']} cycles. Medians: {medians}. Peak memory "
        f"{result['peak_bytes'] / 2**30:.1f} GB.",
    ]
