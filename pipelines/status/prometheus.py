"""The status as Prometheus reads it: text for node_exporter's textfile collector, or for any web server.

Format: https://prometheus.io/docs/instrumenting/exposition_formats (version 0.0.4). Every value is a gauge; times are
seconds since 1970, a business date is its midnight in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

from pipelines.status.collect import Status

Sample = tuple[dict[str, str], float]


def render(status: Status) -> str:
    """The whole page, one block of `HELP`, `TYPE` and samples for each gauge that has any."""
    gauges = [*_of_stages(status), *_of_tables(status), *_of_release(status)]
    return "".join(_block(f"tillpost_{name}", says, samples) for name, says, samples in gauges)


def _of_stages(status: Status) -> Iterable[tuple[str, str, list[Sample]]]:
    stages = [({"stage": stage.stage}, stage) for stage in status.stages]
    yield "stage_end_seconds", "Last commit of the stage.", [(to, s.ended.timestamp()) for to, s in stages]
    yield "stage_business_date_seconds", "Business date it closed.", [(to, _day(s.as_of)) for to, s in stages]
    yield "stage_duration_seconds", "How long its last run took.", [(to, s.seconds) for to, s in stages]
    usual = [(to, s.usual) for to, s in stages if s.usual is not None]
    yield "stage_usual_duration_seconds", "Median of the runs before it.", usual
    kinds = ("accepted", "refused", "duplicates")
    rows = [({**to, "outcome": kind}, float(getattr(s, kind))) for to, s in stages for kind in kinds]
    yield "stage_rows", "Rows of its last run, by what became of them.", rows


def _of_tables(status: Status) -> Iterable[tuple[str, str, list[Sample]]]:
    tables = [({"table": line.name}, line) for line in status.tables]
    yield "table_rows", "Rows of the table.", [(to, float(t.rows or 0)) for to, t in tables]
    yield "table_version", "Its newest version.", [(to, float(t.version or 0)) for to, t in tables]
    dated = [(to, _day(t.as_of)) for to, t in tables if t.as_of]
    yield "table_business_date_seconds", "Business date it was last made for.", dated
    written = [(to, t.written_at.timestamp()) for to, t in tables if t.written_at]
    yield "table_written_seconds", "Its newest commit.", written


def _of_release(status: Status) -> Iterable[tuple[str, str, list[Sample]]]:
    released: list[Sample] = [({}, _day(status.released))] if status.released else []
    yield "release_business_date_seconds", "Business date of the release that latest names.", released
    yield "due_business_date_seconds", "Last business date whose books have closed.", [({}, _day(status.due))]
    yield "next_steps", "How many things somebody should do now.", [({}, float(len(status.next_steps)))]
    models = [({"model": name, "version": label}, 1.0) for name, label in sorted(status.models.items())]
    yield "model_info", "The version of each model that gold was scored with.", models


def _day(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _block(name: str, says: str, samples: list[Sample]) -> str:
    if not samples:
        return ""
    lines = [f"# HELP {name} {says}", f"# TYPE {name} gauge"]
    lines += [f"{name}{_labels(labels)} {value:.15g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, str]) -> str:
    said = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{said}}}" if said else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
