"""The report on models: what scores, how it did beside simple rankings on days not seen, and what the gate said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import altair as alt

from pipelines.lakehouse.tracking import Tracking
from pipelines.lakehouse.tracking_versions import Held, versions
from pipelines.models.als import champion as als
from pipelines.models.als.evaluate import Quality
from pipelines.models.als.job import comparison_of as als_comparison
from pipelines.models.training import EVALUATION, comparison_of
from pipelines.publish.models_shown import SHOWN, Shown
from pipelines.publish.page import About, Page, Section, count
from pipelines.publish.report_style import Drawn, Palette, sheet, tip

_NOTE = (
    "Measured on the last days of the training's data, which the model that was compared had not seen; a mean over "
    "persons, of ten goods. It says how well purchases are foreseen, not whether showing the goods sells any: that is "
    "for an experiment. What is fitted anew every day (lifetime) has no version here."
)


@dataclass(frozen=True)
class ModelFigures:
    """What the report is drawn from.

    Args:
        held: Every version that has seen nothing after the date.
        inputs: Of each champion, the tables and versions that it has learned from.
        als: How the champion of `als` did on its split, beside the baselines; empty: there is none.
        tables: Likewise of the models of `SHOWN`, by name: the rows of its training's table. Of a model without a
            champion it is that of the newest version which the gate refused.
        refused: Those versions, by the model's name.
    """

    held: Sequence[Held]
    inputs: Mapping[str, Mapping[str, int]]
    als: Sequence[Quality]
    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    refused: Mapping[str, Held] = field(default_factory=dict)


def collect_models(tracking: Tracking, as_of: date) -> ModelFigures:
    """The registry as it may be used on the date; what is compared is fetched of one version a model only."""
    held = [one for one in versions(tracking) if one.version.trained_as_of <= as_of]
    used = {name: tracking.champion(name, as_of) for name in (als.NAME, *SHOWN)} if held else {}
    ranked = used.get(als.NAME)
    refused = {
        one.version.name: one for one in reversed(held) if one.reason and not used.get(one.version.name)
    }
    compared = {
        **{name: one.version for name, one in refused.items()},
        **{n: one for n, one in used.items() if one},
    }
    return ModelFigures(
        held=held,
        inputs={one.label: tracking.inputs_of(one.run_id) for one in used.values() if one},
        als=als_comparison(tracking, ranked) if ranked else (),
        tables={name: comparison_of(tracking, one) for name in SHOWN if (one := compared.get(name))},
        refused={name: one for name, one in refused.items() if name in SHOWN},
    )


def models_page(figures: ModelFigures, about: About) -> Page:
    """The page of these figures."""
    return Page(
        title="model quality",
        headline=_headline(figures),
        about=about,
        sections=(*quality(figures), _versions(figures)),
        notes=(_NOTE,),
    )


def quality(figures: ModelFigures) -> tuple[Section, ...]:
    """Each champion beside simple rankings."""
    runs = {h.version.name: h.version.run_id for h in figures.held if h.version.label in figures.inputs}
    runs |= {name: one.version.run_id for name, one in figures.refused.items()}
    each = (
        _compared(name, shown, figures.tables.get(name, ()), figures.refused.get(name))
        for name, shown in SHOWN.items()
    )
    compared = (_als(figures.als), *each)
    return tuple(replace(section, command=_fetch(runs.get(section.name))) for section in compared)


def _fetch(run_id: str | None) -> str | None:
    """What brings a run's comparison, row by row; MLflow finds its store in `MLFLOW_TRACKING_URI`."""
    return run_id and f"mlflow artifacts download --run-id {run_id} --artifact-path {EVALUATION}"


def _headline(figures: ModelFigures) -> str:
    if not figures.inputs:
        return "No trained model may be used on this date; goods come of what people bought themselves."
    *others, last = sorted(figures.inputs)
    used = f"{', '.join(others)} and {last}" if others else last
    new = {quality.model: quality for quality in figures.als if quality.protocol == "new"}
    if als.NAME not in new or len(new) < 2:
        return f"{used} score{'s' if len(figures.inputs) == 1 else ''}."
    ours = new[als.NAME]
    best = max((one for name, one in new.items() if als.NAME not in name), key=lambda one: one.ndcg.mean)
    apart = ours.ndcg.low > best.ndcg.high
    word = "clearly above" if apart else "above" if ours.ndcg.mean > best.ndcg.mean else "not above"
    return (
        f"{used} score. Of goods not bought before, ALS foresees purchases {word} the best simple ranking "
        f"({best.model}): nDCG@10 {ours.ndcg.mean:.4f} against {best.ndcg.mean:.4f}."
    )


def _als(comparison: Sequence[Quality]) -> Section:
    goods = {"new": "not bought before (the gate)", "all": "all"}
    shown = [
        {"model": q.model, "value": q.ndcg.mean, "low": q.ndcg.low, "high": q.ndcg.high}
        for q in comparison
        if q.protocol == "new"
    ]

    def chart(palette: Palette) -> Drawn:
        base = sheet(shown, height=alt.Step(28)).encode(
            y=alt.Y("model:N", title=None, sort=None, axis=alt.Axis(labelLimit=220))
        )
        lines = base.mark_rule(strokeWidth=3, color=palette.soft).encode(
            x=alt.X("low:Q", title="nDCG@10 of goods not bought before, 95 %"), x2="high:Q"
        )
        dots = base.mark_point(filled=True, size=80, color=palette.first, opacity=1).encode(
            x="value:Q", tooltip=[tip("model:N", "Ranking"), tip("value:Q", "nDCG@10", ".4f")]
        )
        return lines + dots

    return Section(
        "als",
        "ALS beside simple rankings",
        "nDCG@10 and recall@10 with 95 % intervals (bootstrap over persons); every ranking is of the same persons.",
        ("Goods", "Ranking", "Persons", "nDCG@10", "Recall@10"),
        tuple((goods[q.protocol], q.model, count(q.persons), str(q.ndcg), str(q.recall)) for q in comparison),
        chart if shown else None,
        prose=("Ranking",),
        nothing="There is no champion of ALS on this date: `tillpost train` fits one.",
    )


def _compared(name: str, shown: Shown, table: Sequence[Mapping[str, Any]], refused: Held | None) -> Section:
    return Section(
        name,
        shown.title,
        shown.lead,
        ("Ranking", *(heading for heading, _ in shown.columns)),
        tuple((str(row["model"]), *(_cell(row.get(column)) for _, column in shown.columns)) for row in table),
        said=(f"{refused.version.label} is not used, by the gate: {refused.reason}",) if refused else (),
        nothing=f"There is no champion of {shown.called} on this date: `tillpost train` fits one.",
    )


def _cell(value: Any) -> str:
    match value:
        case float():
            return f"{value:.4f}"
        case int():
            return count(value)
        case _:
            return str(value or "–")


def _versions(figures: ModelFigures) -> Section:
    def rows() -> Iterator[tuple[str, ...]]:
        for held in figures.held:
            version = held.version
            read = figures.inputs.get(version.label, {})
            learned = ", ".join(f"{table} version {number}" for table, number in read.items())
            yield (
                version.label,
                str(version.trained_as_of),
                held.state,
                held.reason or "–",
                version.run_id,
                learned or "–",
            )

    return Section(
        "versions",
        "Every version, and what the gate said",
        "A run of a date uses the newest promoted version that has seen nothing later. Of those in use, the tables "
        "that they have learned from.",
        ("Version", "Data until", "State", "The gate's reason", "MLflow run", "Learned from"),
        tuple(rows()),
        said=(
            "`tillpost models list` shows the same; `tillpost models rollback NAME` goes back to the one before.",
        ),
        command="tillpost models list",
        prose=("State", "The gate's reason", "MLflow run", "Learned from"),
        nothing="Nothing was trained on data up to this date.",
    )
