"""The section of `docs/benchmarks.md` on the main job beside a script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.chart import CHART
from benchmarks.main_job import GOALS as MAIN
from benchmarks.main_job import REAL, SHARED

SIDES = {"whole": "`tillpost run --train`", "like": "tillpost, what both do", "peer": "the script"}
_ENDED = {"memory": "out of memory", "time": "not done in an hour"}


def main_job_section(result: Mapping[str, Any], table: Any, met: Any) -> list[str]:
    """The main job by its two sides, whole and like for like, and whether they agree."""
    rows = {int(lines): row for lines, row in result["rows"].items()}
    return [
        "## The main job: from landing files to lists and figures, beside a script",
        table(("", "measured", "goal", ""), _main_judged(rows, met)),
        f"![Seconds over lines, for tillpost and for the script]({CHART.name})",
        f"Each may take {result['memory'] / 2**30:.0f} GB of resident sets and an hour. "
        "The median of its runs in turn is shown.",
        table(
            ("lines", "", "seconds", "times the script", "of CPU", "peak memory", "runs"),
            [line for lines, row in rows.items() for line in _main_lines(lines, row)],
        ),
        "The script is `benchmarks/peers/main_duckdb.py`: DuckDB, scipy and `implicit` "
        f"({', '.join(result['packages'])}). Both sides parse and type the receipts and take each once, and make goods "
        "by card and day, the shop's figures by day, each person's totals and RFM scores, ALS and its twenty goods for "
        "each, goods that go with the last shopping day's, and foresee the last four weeks with both models. tillpost "
        f"comes to {', '.join(f'`{name}`' for name in SHARED)} and what these read, with the records as received, "
        "reasons of what is refused, persons by evidence, habits, the second relation of goods, loyalty and lifetime "
        "models on the way, and every table's history and audit. `tillpost run --train` makes interests, journeys, "
        "attribution, experiments, segments, five more models, decisions under all gates and a release with its "
        "reports and mails as well, which nothing stands beside.",
        *_agreement(rows, table),
        *_where(rows, table),
    ]


def _main_judged(rows: Mapping[int, Mapping[str, Any]], met: Any) -> list[tuple[str, ...]]:
    wanted = {REAL: MAIN["real"], max(rows): MAIN["largest"] if max(rows) != REAL else MAIN["real"]}
    judged: list[tuple[str, ...]] = []
    for lines, goal in wanted.items():
        row = rows.get(lines)
        if row is None:
            continue
        name = f"times the script's seconds for what both do, {lines:,} lines"
        if row["peer"]["ended"] and not row["like"]["ended"]:
            judged.append((name, f"the script: {_said(row['peer'])}", f"at most {goal:g}", "met"))
        elif row["like"]["ended"]:
            judged.append((name, f"tillpost: {_said(row['like'])}", f"at most {goal:g}", "**missed**"))
        else:
            judged.append(met(name, row["like"]["seconds"] / row["peer"]["seconds"], goal, lower=True))
    return judged


def _main_lines(lines: int, row: Mapping[str, Any]) -> list[tuple[str, ...]]:
    script = row["peer"]
    return [
        (
            f"{lines:,}",
            name,
            _said(row[side]),
            ""
            if script["ended"] or row[side]["ended"]
            else f"{row[side]['seconds'] / script['seconds']:.1f}",
            f"{row[side]['cpu_seconds']:.0f} s",
            f"{row[side]['peak_bytes'] / 2**30:.1f} GB",
            str(row["runs"]),
        )
        for side, name in SIDES.items()
        if side in row
    ]


def _said(cost: Mapping[str, Any]) -> str:
    seconds = f"{cost['seconds']:.0f} s"
    return f"**{_ENDED.get(cost['ended'], cost['ended'])}** after {seconds}" if cost["ended"] else seconds


def _agreement(rows: Mapping[int, Mapping[str, Any]], table: Any) -> list[str]:
    """What was compared, and how much of it is not the same."""
    told = []
    for lines, row in rows.items():
        if not row["same"]:
            continue
        for name, found in row["same"]["tables"].items():
            told.append((f"{lines:,}", f"`{name}`", f"{found['rows']:,}", f"{found['different']:,}"))
    if not told:
        return []
    quality = [
        (
            f"{lines:,}",
            *(f"{row['same']['ndcg'][side]:.4f}" for side in ("tillpost", "peer")),
            "no champion" if row["same"]["overlap"] is None else f"{row['same']['overlap']:.0%}",
        )
        for lines, row in rows.items()
        if row["same"]
    ]
    return [
        "Counts, dates and amounts are compared exactly, scores of related goods within 1e-9; `send_list` is whom the "
        "day's receipts name. ALS minimises another penalty in `implicit`, so its lists are compared by what they "
        "foresee: nDCG@10 of goods not bought before in the last four weeks, and of the ten goods for each person "
        "those that both name.",
        table(("lines", "made by both", "rows", "not the same"), told),
        table(("lines", "nDCG@10, tillpost", "the script", "of ten goods both name"), quality),
    ]


def _where(rows: Mapping[int, Mapping[str, Any]], table: Any) -> list[str]:
    """Where the seconds of the largest size that both finished went."""
    finished = [lines for lines, row in rows.items() if not row["like"]["ended"] and not row["peer"]["ended"]]
    if not finished:
        return []
    row = rows[max(finished)]
    ours = {
        **row["like"]["tables"],
        **{f"stage {name}": took for name, took in row["like"]["stages"].items()},
    }
    slow = sorted(ours.items(), key=lambda item: -item[1])[:16]
    return [
        f"Where the seconds of {max(finished):,} lines go: the tables of what both do, three at a time, its stages, "
        "and the script's steps.",
        table(("tillpost", "seconds"), [(f"`{name}`", f"{took:.1f}") for name, took in slow]),
        table(
            ("the script", "seconds"),
            [(f"`{name}`", f"{took:.1f}") for name, took in row["peer"]["steps"].items()],
        ),
    ]
