"""The page `docs/benchmarks.md`, from the results of the last run of each part."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from benchmarks import costs_page, customers_page, mail_page, main_page, stages_page
from benchmarks.attribution import GOALS as ATTRIBUTION_GOALS
from benchmarks.erase import GOAL as ERASE_GOAL
from benchmarks.foundation import GOALS
from benchmarks.identity import GOALS as IDENTITY
from benchmarks.landing import GOALS as LANDING_GOALS
from benchmarks.processes import exponent
from benchmarks.retailer import A_DAY, PART
from benchmarks.retailer import DAYS as RETAILER_DAYS
from benchmarks.retailer import GOAL as RETAILER_GOAL

HEAD = """<!-- Written by `make bench`; measure again rather than edit. -->

# Figures

`make bench` measures and writes this page; `python -m benchmarks --only PART` (`--help` names the parts) measures one
part and leaves the others as they were. Each figure is of a whole command as a person would run it, in a folder of its
own. Peak memory is the largest sum of the resident sets of Python, its workers and, where there is one, the JVM."""
_AGREE = """Every line that landed is in silver, in quarantine or a duplicate, and every sum is the source's,
to the cent."""


def page(results: Mapping[str, Mapping[str, Any]], standing: str = "") -> str:
    """The text of the page: a section for each result, and those of the standing page that have none, as they are."""
    sections = {
        "main_job": partial(main_page.main_job_section, table=table, met=_met),
        "stages_growth": partial(stages_page.growth_section, table=table, met=_met),
        "day_on_history": partial(stages_page.day_section, table=table, met=_met),
        "demo": demo_section,
        "day": day_section,
        "reconcile": reconcile_section,
        "erase": erase_section,
        "attribution": attribution_section,
        "landing": landing_section,
        "retailer": retailer_section,
        "continuous": continuous_section,
        "identity": identity_section,
        "persons": persons_section,
        "customers": partial(customers_page.customers_section, table=table, met=_met),
        "customers_growth": partial(customers_page.growth_section, table=table, met=_met),
        "segments": partial(customers_page.segments_section, table=table, met=_met),
        "interest_segments": partial(customers_page.interest_segments_section, table=table),
        "interest_truth": partial(customers_page.interest_truth_section, table=table),
        "live_interests": partial(customers_page.live_section, table=table, met=_met),
        "als": partial(mail_page.als_section, table=table, met=_met),
        "related": partial(mail_page.related_section, table=table),
        "chains": partial(mail_page.chains_section, table=table),
        "new_arrivals": partial(mail_page.new_arrivals_section, table=table),
        "first_visit": partial(mail_page.first_visit_section, table=table),
        "decisions": partial(mail_page.decisions_section, table=table, met=_met),
        "flagship": partial(mail_page.flagship_section, table=table, met=_met),
        "incremental": incremental_section,
        "reports": partial(mail_page.reports_section, table=table, met=_met),
        "support": partial(mail_page.support_section, table=table, met=_met),
        "skew": partial(costs_page.skew_section, table=table, met=_met),
        "fixed_costs": partial(costs_page.fixed_section, table=table),
        "plan": partial(costs_page.plan_section, table=table),
    }
    parts = {_subject(text): text for text in re.split(r"\n+(?=## )", standing.rstrip())[1:]}
    for name, section in sections.items():
        if name in results:
            result = results[name]
            machine = [(key, value) for key, value in result["machine"].items()]
            text = [*section(result), table(("measured with", f"`{result['command']}`"), machine)]
            parts[_subject(text[0])] = "\n\n".join(text)
    return "\n\n".join([HEAD, *parts.values()]) + "\n"


def _subject(section: str) -> str:
    """A section's heading without its numbers."""
    return re.sub(r"[\d,]", "", section.splitlines()[0])


def demo_section(result: Mapping[str, Any]) -> list[str]:
    """What the demo costs, in all and by stage."""
    cost = result["demo"]
    models = {**cost, "seconds": cost["stages"]["train"] + cost["stages"]["score"]}
    rows = [
        _judged("`tillpost demo` from a clean lake", cost, GOALS["demo"]),
        _judged("of it: all seven models, trained and scored", models, GOALS["models"]),
    ]
    stages = [(name, f"{seconds:.1f} s") for name, seconds in cost["stages"].items()]
    rest = cost["seconds"] - sum(cost["stages"].values())
    stages.append(("starting and showing", f"{rest:.1f} s"))
    return ["## From real receipts to a send list", _judgement(rows), table(("stage", "seconds"), stages)]


def day_section(result: Mapping[str, Any]) -> list[str]:
    """What the next day costs, and what the same day costs again."""
    rows = [
        _judged("`tillpost run` for the next day on top of the year", result["next"], GOALS["next"]),
        _judged("the same again", result["again"], GOALS["again"]),
    ]
    written = f"Of {result['tables']} tables the next day gave a new version to {len(result['next_moved'])}"
    return ["## The next day, and the same day again", _judgement(rows), f"{written}; {_proof(result)}"]


def _proof(result: Mapping[str, Any]) -> str:
    changed = result["again_moved"]
    return f"**the same day again to {', '.join(changed)}.**" if changed else "the same day again to none."


def reconcile_section(result: Mapping[str, Any]) -> list[str]:
    """Lines and money from the source to gold."""
    rows = [
        (place["name"], "" if place["lines"] is None else f"{place['lines']:,}", _dollars(place["cents"]))
        for place in result["places"]
    ]
    verdict = _AGREE if result["reconciled"] else "**These do not agree.**"
    return ["## Every line and every cent", table(("counted in", "lines", "sum"), rows), verdict]


def erase_section(result: Mapping[str, Any]) -> list[str]:
    """What it costs to erase a person, and what its certificate says."""
    rows = [_judged("`tillpost erase` of the card with the most receipts", result["erase"], ERASE_GOAL)]
    found = "nothing was found" if not result["left"] else f"**she was found in {result['left']} of them**"
    return [
        "## One person erased from the demo's lake",
        _judgement(rows),
        f"{result['receipts']:,} receipts, {result['rows']:,} rows in all; {result['files']:,} files with "
        f"{result['bytes'] / 2**20:,.0f} MB were looked through for {result['looked_for']:,} identifiers and forms of "
        f"them, and {found}.",
    ]


def incremental_section(result: Mapping[str, Any]) -> list[str]:
    """In how many simulated worlds the interval of what mails caused holds the truth."""
    held, goal = result["held"], result["goal"]
    judged = [
        (
            f"worlds of {result['seeds']} whose interval holds the truth",
            f"{held}",
            f"{goal:.0f}",
            _verdict(held >= goal),
        )
    ]
    measured = [
        ("true effect, purchases per person, mean of the worlds", f"{result['mean truth']:.3f}"),
        ("width of the interval, mean of the worlds", f"{result['mean width']:.3f}"),
    ]
    return [
        "## What mails caused, against the truth",
        table(("", "measured", "goal", ""), judged),
        table(("measured", "value"), measured),
    ]


def attribution_section(result: Mapping[str, Any]) -> list[str]:
    """Markov attribution beside a peer, against a dense solve, and by the number of touches."""
    peer, growth = result["peer"], [(touches, seconds) for touches, seconds in result["growth"]]
    power = exponent(growth)
    measured = [
        ("`attribute` of a pandas frame, the process's first work", f"{result['pandas_first']:.1f} s"),
        ("of a pandas frame, the same again", f"{result['pandas']:.1f} s"),
        ("of a frame of Sail, the session's first work", f"{result['first']:.1f} s"),
        ("of a frame of Sail, the same again", f"{result['again']:.1f} s"),
        (
            "`channelattribution` of the same pandas frame, simulating",
            "not installed" if peer is None else f"{peer:.1f} s",
        ),
        *((f"{touches:,} simulated touches", f"{seconds:.1f} s") for touches, seconds in growth),
    ]
    judged = [
        (
            "largest distance from a dense solve",
            f"{result['off']:.1e}",
            "1e-9",
            result["off"] <= ATTRIBUTION_GOALS["off"],
        ),
        ("growth exponent", f"{power:.2f}", "1.1", power <= ATTRIBUTION_GOALS["exponent"]),
    ]
    if peer is not None:
        for kind, seconds in (("Sail", result["again"]), ("pandas", result["pandas"])):
            faster = peer / seconds
            name = f"times faster than the peer, from a frame of {kind}"
            judged.insert(0, (name, f"{faster:.0f}", "20", faster >= ATTRIBUTION_GOALS["times faster"]))
    rows = [(name, found, goal, _verdict(good)) for name, found, goal, good in judged]
    return [
        f"## Attribution of {result['paths']:,} paths over {result['channels']} channels",
        table(("", "seconds"), measured),
        table(("", "measured", "goal", ""), rows),
    ]


def landing_section(result: Mapping[str, Any]) -> list[str]:
    """Web events from files to silver, by their number, beside DuckDB."""
    sizes, power = result["rows"], result["exponent"]
    rows = [
        (
            f"{size['events']:,}",
            f"{size['tillpost']['seconds']:.0f} s",
            f"{size['events'] / size['tillpost']['seconds']:,.0f}",
            f"{size['tillpost']['peak_bytes'] / 2**30:.1f} GB",
            f"{size['duckdb']['seconds']:.1f} s",
            f"{size['tillpost']['seconds'] / size['duckdb']['seconds']:.1f}",
            f"{size['tillpost']['cpu_seconds']:.0f} s, {size['duckdb']['cpu_seconds']:.0f} s",
        )
        for size in sizes
    ]
    times = sizes[-1]["tillpost"]["seconds"] / sizes[-1]["duckdb"]["seconds"]
    judged = [
        ("growth exponent", f"{power:.2f}", LANDING_GOALS["exponent"], power <= LANDING_GOALS["exponent"]),
        (
            "times DuckDB's seconds, largest size",
            f"{times:.1f}",
            LANDING_GOALS["times"],
            times <= LANDING_GOALS["times"],
        ),
    ]
    return [
        "## Landing to silver: web events as JSON Lines",
        table(("events", "tillpost", "a second", "peak memory", "DuckDB", "times", "of CPU, each"), rows),
        table(
            ("", "measured", "goal", ""),
            [(name, found, f"{goal}", _verdict(good)) for name, found, goal, good in judged],
        ),
    ]


def retailer_section(result: Mapping[str, Any]) -> list[str]:
    """A day of a mid-size retailer, and a day on top of a month and of a year."""
    runs = {
        "the whole day, on nothing": "whole",
        f"1/{PART} of it, on a month": "month",
        f"1/{PART} of it, on a year": "year",
    }
    rows = [
        (
            name,
            *(f"{result[run]['stages'][stage]:.0f} s" for stage in ("ingest", "refine")),
            f"{result[run]['seconds'] / 60:.1f} min",
            f"{result[run]['peak_bytes'] / 2**30:.1f} GB",
        )
        for name, run in runs.items()
    ]
    a_day = ", ".join(f"{records:,} {source}" for source, records in A_DAY.items())
    ratios = result["ratios"]
    return [
        "## A day of a mid-size retailer, from files to silver",
        f"{a_day}, from nothing but their files to every silver table; the session's start is in the minutes. "
        f"On top of each history come {len(RETAILER_DAYS)} days, in turn; the one between the others is shown.",
        table(("", "ingest", "refine", "in all", "peak memory"), rows),
        table(
            ("", "measured", "goal", ""),
            [
                (
                    "a day on a year, as a multiple of one on a month",
                    f"{ratios['seconds']:.2f}",
                    f"{RETAILER_GOAL}",
                    _verdict(ratios["seconds"] <= RETAILER_GOAL),
                ),
                ("the same in processor seconds", f"{ratios['cpu_seconds']:.2f}", "", ""),
            ],
        ),
        "Seconds by table, three tables at a time; those that took a second or more.",
        table(
            ("", "on a month", "on a year"),
            [
                (f"`{name}`", f"{result['month']['tables'].get(name, 0):.1f}", f"{seconds:.1f}")
                for name, seconds in result["year"]["tables"].items()
                if seconds >= 1
            ],
        ),
    ]


def continuous_section(result: Mapping[str, Any]) -> list[str]:
    """How long a receipt takes from its file to silver."""
    goal = GOALS["continuous"]
    rows = [
        ("median", f"{result['p50']} s", "", ""),
        (
            "99 of 100",
            f"{result['p99']} s",
            f"{goal:.0f} s",
            _verdict(result["p99"] <= goal),
        ),
        ("longest", f"{result['longest']} s", "", ""),
    ]
    said = (
        f"{result['receipts']:,} receipts of three lines, 20 a second, a file a second; {result['cycles']} cycles, "
        f"of those in the half minute before, too. Peak memory {_peak(result)}."
    )
    return [
        "## Continuous ingest: from file to silver",
        table(("a receipt is in silver after", "measured", "goal", ""), rows),
        said,
    ]


def identity_section(result: Mapping[str, Any]) -> list[str]:
    """Persons from evidence whose truth is known."""
    *_, largest = result["runs"].values()
    scored = {kind: (precision, recall) for kind, precision, recall in largest["scores"]}
    share = largest["day_seconds"] / largest["seconds"]
    judged = [
        _met("seconds for the largest, from nothing", largest["seconds"], IDENTITY["seconds"], lower=True),
        _met("growth exponent", result["exponent"], IDENTITY["exponent"], lower=True),
        _met("a day on top, as a share of it", share, IDENTITY["day"], lower=True),
        _met(
            "the same day, as a multiple of that on the shortest",
            result["day_growth"],
            IDENTITY["day_growth"],
            lower=True,
        ),
        _met("pairwise precision", scored["all"][0], IDENTITY["precision"], lower=False),
        _met("pairwise recall", scored["all"][1], IDENTITY["recall"], lower=False),
    ]
    runs = [
        (
            f"{run['edges']:,}",
            f"{run['seconds']:.0f} s",
            f"{run['scipy_seconds']:.1f} s",
            f"{run['new']:,}",
            f"{run['day_seconds']:.0f} s",
            f"{run['day_touched']:,}",
            f"{run['peak_bytes'] / 2**30:.1f} GB",
        )
        for run in result["runs"].values()
    ]
    header = (
        "edges",
        "resolved in",
        "scipy's labels alone",
        "new",
        "in",
        "identifiers touched",
        "peak memory",
    )
    smallest, *_ = result["runs"].values()
    splink = result["splink"]
    kinds = [(kind, f"{precision:.4f}", f"{recall:.4f}") for kind, (precision, recall) in scored.items()]
    return [
        "## Persons from evidence, against the truth",
        table(("", "measured", "goal", ""), judged),
        table(header, runs),
        f"Splink's clustering of the same {smallest['edges']:,} edges, labels alone: {splink['seconds']:.1f} s "
        f"({splink['nodes']:,} nodes in {splink['clusters']:,} clusters).",
        table(("pairs with an identifier of type", "precision", "recall"), kinds),
    ]


def persons_section(result: Mapping[str, Any]) -> list[str]:
    """Persons of a simulated lake, against its truth."""
    scored = {kind: (precision, recall) for kind, precision, recall in result["scores"]}
    judged = [
        _met("pairwise precision", scored["all"][0], IDENTITY["precision"], lower=False),
        _met("pairwise recall", scored["all"][1], IDENTITY["recall"], lower=False),
    ]
    kinds = [(kind, f"{precision:.4f}", f"{recall:.4f}") for kind, (precision, recall) in scored.items()]
    stages = ", ".join(f"`{stage}` {seconds:.0f} s" for stage, seconds in result["seconds"].items())
    return [
        "## Persons of a simulated lake, against its truth",
        table(("", "measured", "goal", ""), judged),
        f"{result['identifiers']:,} identifiers of {result['households']:,} households in {result['days']} days, "
        f"all at once: {stages}. Of the truth count the identifiers that something tied to a name.",
        table(("pairs with an identifier of type", "precision", "recall"), kinds),
    ]


def _verdict(met: bool) -> str:
    return "met" if met else "**missed**"


def _met(name: str, measured: float, goal: float, *, lower: bool) -> tuple[str, ...]:
    met = measured <= goal if lower else measured >= goal
    sign = "at most" if lower else "at least"
    return name, f"{measured:.4g}", f"{sign} {goal:g}", _verdict(met)


def _judged(name: str, cost: Mapping[str, Any], goal: float) -> tuple[str, ...]:
    seconds = cost["seconds"]
    met = _verdict(seconds <= goal)
    return name, f"{seconds:.0f} s", f"{goal:.0f} s", met, _peak(cost)


def _peak(cost: Mapping[str, Any]) -> str:
    jvm = f", {cost['jvm_bytes'] / 2**30:.1f} of it the JVM" if cost["jvm_bytes"] else ""
    return f"{cost['peak_bytes'] / 2**30:.1f} GB{jvm}"


def _judgement(rows: Iterable[Sequence[str]]) -> str:
    return table(("", "measured", "goal", "", "peak memory"), rows)


def _dollars(cents: int | None) -> str:
    return "" if cents is None else f"{cents // 100:,}.{cents % 100:02d}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A markdown table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, ["---"] * len(header), *rows))
