"""The results of `benchmarks/models.py` as a page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

FIGURES = ("R@10", "R@20", "nDCG@10", "nDCG@20", "hit@10", "R@10 repeat", "R@10 explore")
INTRODUCTION = """# Models and their baselines

Real receipts (The Complete Journey, 2017). How each figure is defined stands in `pipelines/models/measures.py` (nDCG's
ideal is over all targets), the protocols in `benchmarks/protocols.py`, the baselines in `benchmarks/baselines/`.
Households without a target of a kind do not count for it. Differences are `next_purchase` less the other, with a 95 %
interval by a paired bootstrap over households.
"""


HEADINGS = {
    "cutoff": "## next_purchase: cutoff",
    "last basket": "## next_purchase: last basket",
    "tried": "## next_purchase: what else was tried on cutoff",
    "replenishment": "## replenishment",
}


def page(results: Mapping[str, Any], standing: str = "") -> str:
    """Markdown: a section for each result, and those of the standing page that have none, as they are."""
    kept = {text.splitlines()[0]: text.strip() for text in re.split(r"\n+(?=## )", standing)[1:]}
    sections = {"cutoff": _protocol, "last basket": _protocol, "tried": _tried, "replenishment": _due}
    made = {
        HEADINGS[name]: f"{HEADINGS[name]}\n\n{section(results[name])}".strip()
        for name, section in sections.items()
        if name in results
    }
    parts = [(made.get(heading) or kept.get(heading)) for heading in HEADINGS.values()]
    return "\n\n".join([INTRODUCTION.strip(), *filter(None, parts)]) + "\n"


def _protocol(found: Mapping[str, Any]) -> str:
    models, gains = found["models"], found["gains"]
    figures = [
        [model, *(f"{one[f]:.4f}" for f in FIGURES), f"{one['seconds']:.0f} s"]
        for model, one in models.items()
    ]
    differences = [[model, *one.values()] for model, one in gains.items()]
    head = f"{found['households']:,} households, {found['targets']:.1f} targets each. "
    return "\n".join(
        [
            f"{head}`{found['command']}`\n",
            _table(["", *FIGURES, "fit and rank"], figures),
            _table(["difference to", "R@10", "nDCG@10", "R@10 repeat", "R@10 explore"], differences),
        ]
    )


def _tried(found: Mapping[str, Any]) -> str:
    best = max(one["R@10"] for one in found["models"].values())
    verdict = "is reached" if best >= found["goal"] else "is missed by all"
    rows = [
        [name, f"{one['R@10']:.4f}", f"{one['nDCG@10']:.4f}", one["gain"]]
        for name, one in found["models"].items()
    ]
    return "\n".join(
        [
            f"The goal, R@10 of {found['goal']}, {verdict}; no "
            f"parameter was chosen here, since these households would then be no test. `{found['command']}`\n",
            _table(["", "R@10", "nDCG@10", "R@10 less that of the model as it stands"], rows),
        ]
    )


def _due(found: Mapping[str, Any]) -> str:
    parts = [f"{found['habits']:,} habits on 2017-12-01. `{found['command']}`\n"]
    for days in (7, 14):
        one = found[f"within {days}"]
        rows = [
            [name, *(f"{value:.4f}" for value in of.values()), one["gains"].get(name, "")]
            for name, of in one.items()
            if name not in ("gains", "share bought")
        ]
        parts.append(f"Bought again within {days} days: {one['share bought']:.1%}.\n")
        parts.append(_table(["", "AUC", "Brier", "calibration error", "its Brier less ours"], rows))
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
