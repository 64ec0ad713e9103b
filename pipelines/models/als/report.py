"""The comparison of models on a split as files.

A CSV that is read back when a training is reused, and a chart for people.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.models.als.evaluate import Interval, Quality

_CSV, _PNG = "comparison.csv", "comparison.png"
_MEASURES = ("ndcg_at_10", "recall_at_10")
_HEADER = (
    "protocol",
    "model",
    "persons",
    *(f"{m}{part}" for m in _MEASURES for part in ("", "_low", "_high")),
)


def write_comparison(comparison: Sequence[Quality], folder: Path) -> None:
    """`comparison.csv`, one row a protocol and model, and `comparison.png`, into a folder that is there."""
    with open(folder / _CSV, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_HEADER)
        for q in comparison:
            values = (repr(x) for i in (q.ndcg, q.recall) for x in (i.mean, i.low, i.high))
            writer.writerow((q.protocol, q.model, q.persons, *values))
    _chart(comparison).save(folder / _PNG, scale_factor=2)


def read_comparison(folder: Path) -> list[Quality]:
    """What `write_comparison` wrote, digit for digit."""
    with open(folder / _CSV, encoding="utf-8", newline="") as stream:
        return [
            Quality(
                protocol="new" if row["protocol"] == "new" else "all",
                model=row["model"],
                ndcg=_interval(row, "ndcg_at_10"),
                recall=_interval(row, "recall_at_10"),
                persons=int(row["persons"]),
            )
            for row in csv.DictReader(stream)
        ]


def metrics(comparison: Sequence[Quality]) -> dict[str, float]:
    """Flat names for a tracker: `new.als.ndcg_at_10`, `all.personal_frequency.recall_at_10_low` and so on."""
    flat: dict[str, float] = {}
    for q in comparison:
        for measure, interval in zip(_MEASURES, (q.ndcg, q.recall), strict=True):
            name = f"{q.protocol}.{q.model.replace(',', '').replace(' ', '_')}.{measure}"
            flat |= {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return flat


def _interval(row: dict[str, str], measure: str) -> Interval:
    return Interval(float(row[measure]), float(row[f"{measure}_low"]), float(row[f"{measure}_high"]))


def _chart(comparison: Sequence[Quality]) -> Any:
    import altair as alt  # seconds to import, and needed only here

    titles = {"new": "Goods not bought before (the gate)", "all": "All goods"}
    panels = []
    for protocol, title in titles.items():
        rows = [
            {"model": q.model, "nDCG@10": q.ndcg.mean, "low": q.ndcg.low, "high": q.ndcg.high}
            for q in comparison
            if q.protocol == protocol
        ]
        base = alt.Chart(alt.InlineData(values=rows), title=title).encode(
            y=alt.Y("model:N", sort="-x", title=None)
        )
        bars = base.mark_bar(color="#4c78a8").encode(
            x=alt.X("nDCG\\@10:Q", title="nDCG@10, with its 95 % interval")
        )
        panels.append(bars + base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q"))
    return alt.vconcat(*panels)
