"""Sections of `docs/benchmarks.md` on models of the mail and the first visit, decisions, reports and support."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.als import GOALS as ALS
from benchmarks.decisions import GOALS as DECISIONS
from benchmarks.flagship import GOAL as FLAGSHIP
from benchmarks.reports import GOAL as REPORTS
from benchmarks.support import GOAL as SUPPORT

AHEAD = "ahead of it, 95 % interval over households"


def als_section(result: Mapping[str, Any], table: Any, met: Any) -> list[str]:
    """Fit, ranking and quality beside `implicit` and spark.ml."""
    names = {
        "tillpost": "tillpost",
        "arrays": "tillpost, arrays alone",
        "implicit": "implicit (conjugate gradients)",
        "spark": "spark.ml",
    }
    beside = {"spark": "tillpost", "implicit": "arrays"}
    more = result["larger"]
    fits = [
        (
            names[who],
            f"{one['took']:.0f} s",
            f"{one['peak_bytes'] / 2**30:.1f} GB",
            f"{more[who]['took']:.0f} s" if who in more else "",
            f"{result['exponent'][who]:.2f}" if who in more else "",
        )
        for who, one in result["fit"].items()
    ]
    top = result["top"]
    ranks = [
        (
            names[who],
            f"{one['took']:.0f} s",
            f"{one['peak_bytes'] / 2**30:.1f} GB",
        )
        for who, one in top.items()
    ]
    judged = [
        met(
            f"times faster than {names[who]} ranks: {names[ours]}",
            top[who]["took"] / top[ours]["took"],
            ALS[who],
            lower=False,
        )
        for who, ours in beside.items()
        if who in top
    ]
    text = [
        f"## ALS of {result['persons']:,} persons and {result['goods']:,} goods",
        f"{result['cells']:,} pairs, rank 64, 10 iterations. The seconds are of the fit alone, the memory of "
        "its process.",
        table(("fit", "took", "peak memory", "four times the persons", "exponent"), fits),
        "The 50 best goods of each person. Ours reads their histories, leaves out what they have bought, and writes "
        "the rows of `gold.recommendations`; spark.ml's leaves nothing out, and writes its rows. implicit's leaves out "
        "what was bought, from a matrix in memory to arrays; beside it stands what does the same in ours.",
        table(("rank", "took", "peak memory"), ranks),
    ]
    if found := result["quality"]:
        rows = [
            (
                who,
                {"all": "all goods", "new": "not bought before"}[protocol],
                f"{one['nDCG@10']:.4f}",
                f"{one['penalty']}",
                f"{one['weight']}",
            )
            for who, by in found["found"].items()
            for protocol, one in by.items()
        ]
        for protocol, kind in (("all", "of all goods"), ("new", "of goods not bought before")):
            ours, theirs = (found["found"][who][protocol]["nDCG@10"] for who in ("tillpost", "implicit"))
            judged.append(
                met(f"nDCG@10 {kind}, as a share of implicit's", ours / theirs, ALS["nDCG"], lower=False)
            )
        text += [
            f"On real receipts (protocol cutoff), {found['households']:,} households that nothing was chosen by:",
            table(("solver", "ranked", "nDCG@10", "penalty", "weight"), rows),
        ]
    return [*text, table(("", "measured", "goal", ""), judged)]


def related_section(result: Mapping[str, Any], table: Any) -> list[str]:
    """Recall@10 of the good left out."""
    said = (
        f"Of {result['cases']:,} receipts of December one good is left out and sought by the others, among "
        f"{result['goods']:,} goods; fitted on all receipts before, in {result['fit_seconds']:.0f} s. recall@10:"
    )
    return ["## Goods related to this receipt", said, _compared(result["rows"], table)]


def chains_section(result: Mapping[str, Any], table: Any) -> list[str]:
    """The simulator's chains, and real ones."""
    planted = [
        (name, str(one["planted"]), str(one["found"]), f"{one['precision']:.2f}", f"{one['recall']:.2f}")
        for name, one in (("between sizes", result["sizes"]), ("between single goods", result["goods"]))
    ]
    real = [
        (
            one["chain"],
            one["before"],
            one["after"],
            f"{one['support']} : {one['against']}",
            f"{one['delay_50']} days",
        )
        for one in result["real"]
    ]
    return [
        "## Chains",
        f"Planted in a simulated shop of {result['people']:,} people, among {result['lines']:,} lines:",
        table(("steps", "planted", "found", "precision", "recall"), planted),
        "Found in The Complete Journey, between types of goods of one category:",
        table(("category", "first", "then", "for : against", "median delay"), real),
        "Who takes which step in the last four weeks, among those who may: the chance foreseen before them, beside the "
        "share of everybody, and of those in the state before, who took it in the four weeks until then:",
        table(
            (
                "in",
                "chance",
                "asked",
                "AUC",
                "Brier score",
                "calibration error",
                "skill",
                "our skill less its",
            ),
            [
                (
                    place,
                    one["model"],
                    f"{one['cases']:,}",
                    *(f"{one[figure]:.3f}" for figure in ("auc", "brier", "calibration_error", "skill")),
                    one["gain"],
                )
                for place, rows in result["foreseen"].items()
                for one in rows
            ],
        ),
    ]


def new_arrivals_section(result: Mapping[str, Any], table: Any) -> list[str]:
    """Recall and nDCG of new goods."""
    said = (
        f"{result['households']:,} households that bought one of the {result['new']:,} goods first seen in November, "
        "in the four weeks after. recall@10, then nDCG@10:"
    )
    return ["## New arrivals", said, _compared(result["recall"], table), _compared(result["ndcg"], table)]


def first_visit_section(result: Mapping[str, Any], table: Any) -> list[str]:
    """nDCG of the rest of a category."""
    said = (
        f"A category's listing ranked anew after one good of {result['cases']:,} receipts of December was looked at; "
        f"{result['contexts']:,} contexts. nDCG@10 of the other goods of the category in that receipt:"
    )
    return ["## First visit", said, _compared(result["rows"], table)]


def decisions_section(result: Mapping[str, Any], table: Any, met: Any) -> list[str]:
    """Candidates through all gates."""
    rows = [
        (
            f"{one['candidates']:,}",
            f"{one['seconds']:.1f}",
            f"{one['cpu_seconds']:.1f}",
            ", ".join(f"{count:,} {outcome}" for outcome, count in one["outcomes"].items()),
        )
        for one in result["sizes"]
    ]
    largest = result["sizes"][-1]
    judged = [
        met("seconds for the most candidates", largest["seconds"], DECISIONS["seconds"], lower=True),
        met("growth exponent, of processor seconds", result["exponent"], DECISIONS["exponent"], lower=True),
    ]
    return [
        f"## Decisions: {largest['candidates']:,} candidates through all gates",
        "Read from Parquet, decided as a run does, and written, on Sail.",
        table(("candidates", "seconds", "processor seconds", "outcomes"), rows),
        table(("", "measured", "goal", ""), judged),
    ]


def flagship_section(result: Mapping[str, Any], table: Any, met: Any) -> list[str]:
    """How long a receipt takes from its file to its line of the send list."""
    rows = [
        met("99 of 100", result["p99"], FLAGSHIP, lower=True),
        ("median", f"{result['p50']}", "", ""),
        ("longest", f"{result['longest']}", "", ""),
    ]
    return [
        "## Flagship: from a receipt's file to its line of the send list",
        f"A simulated shop of {result['households']:,} households with its models; {result['receipts']:,} receipts "
        f"while it is open, one a second, of which {result['lines']:,} raised a mail and were measured; "
        f"{result['cycles']} cycles.",
        table(("seconds", "measured", "goal", ""), rows),
    ]


def _compared(rows: Sequence[Mapping[str, Any]], table: Any) -> str:
    told = []
    for row in rows:
        gap = row["ahead"]
        ahead = "" if gap is None else "{:+.4f} [{:+.4f}, {:+.4f}]".format(*gap)
        told.append((row["model"], f"{row['mean']:.4f}", ahead))
    return str(table(("model", "mean", AHEAD), told))


def reports_section(result: Mapping[str, Any], table: Any, met: Any) -> list[str]:
    """All reports of a release."""
    cost = result["reports"]
    pages = [(f"`{name}.html`", f"{seconds:.1f} s") for name, seconds in result["pages"].items()]
    return [
        "## All reports of a release",
        table(
            ("", "measured", "goal", ""),
            [met("seconds for all reports", cost["seconds"], REPORTS, lower=True)],
        ),
        "The demo's year of real receipts with its dressed-up web and mail: each page with its charts, tables and "
        f"pictures; the session's start is in the seconds. Of the processor {cost['cpu_seconds']:.0f} s. Peak memory "
        f"{cost['peak_bytes'] / 2**30:.1f} GB.",
        table(("page", "seconds"), pages),
    ]


def support_section(result: Mapping[str, Any], table: Any, met: Any) -> list[str]:
    """What is known of a person, for support."""
    return [
        "## What support waits for: a person looked up",
        table(
            ("", "measured", "goal", ""),
            [met("seconds of the longest lookup", result["longest"], SUPPORT, lower=True)],
        ),
        f"`tillpost person --card` of the {result['lookups']} persons with most receipts of the demo's year, each a "
        f"command of its own without Spark: {result['median']:.1f} s in the median, of the processor "
        f"{result['cpu_seconds']:.1f} s. Peak memory {result['peak_bytes'] / 2**30:.1f} GB.",
    ]
