"""What `tillpost status` says of the golden shop, and what it tells somebody to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipelines import query
from pipelines.errors import SystemFault
from pipelines.lakehouse import audit
from pipelines.settings import Settings
from pipelines.status import page, prometheus
from pipelines.status.collect import Refusal, Stage, Status, collect

NOW = datetime(2024, 3, 4, 7, tzinfo=UTC)
STAGE = Stage("refine", "r1", date(2024, 3, 3), NOW, 30.0, 25.0, 20, 1000, 990, 6, 4)
LINE = query.Listed("gold.kpi_daily", "One row a day", 3, 2, date(2024, 3, 3), NOW)
WELL = Status("lake", NOW, date(2024, 3, 3), [STAGE], [LINE], {"als": "als/1"}, "abc", date(2024, 3, 3))


@pytest.mark.spark
def test_the_golden_shop_is_told_as_its_audit_has_it(settled_shop: Callable[[], Settings]) -> None:
    root = settled_shop().lake.root
    found = collect(root, NOW, time_zone="UTC", close_hour=6)
    assert found.due == date(2024, 3, 3)
    assert [stage.stage for stage in found.stages] == ["ingest", "refine", "build", "score"]
    assert {stage.as_of for stage in found.stages} == {date(2024, 3, 3)}
    assert all(stage.usual is not None and stage.seconds > 0 for stage in found.stages)
    rows = query.select(
        root, f"SELECT sum(received) FROM {audit.TABLE.name} WHERE stage = 'refine' AND as_of = '2024-03-03'"
    )
    refine = next(stage for stage in found.stages if stage.stage == "refine")
    assert refine.received == rows[0][0].as_py() > 0
    assert refine.received == refine.accepted + refine.refused + refine.duplicates
    assert "gold.kpi_daily" in {line.name for line in found.tables}
    why = {(r.table, r.column, r.sentence): (r.rows, r.newest) for r in found.refusals}
    assert why["quarantine.receipts", "purchased_at", "A value that must be there is missing."] == (1, 0)
    assert found.next_steps[0] == "Nothing was ever released: tillpost run --as-of 2024-03-03"


def test_a_lake_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SystemFault, match="no lake"):
        collect(str(tmp_path), NOW, time_zone="UTC", close_hour=6)


def test_when_all_is_well_there_is_nothing_to_do() -> None:
    assert WELL.next_steps == []


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (replace(WELL, released=date(2024, 3, 2)), "1 day is not released: tillpost run --as-of 2024-03-03"),
        (
            replace(WELL, released=date(2024, 2, 28)),
            "4 days are not released: tillpost run --as-of 2024-02-29 --until 2024-03-03",
        ),
        (replace(WELL, stages=[replace(STAGE, seconds=90.0)]), "refine took 90 s, usually 25 s"),
        (replace(WELL, stages=[replace(STAGE, refused=11)]), "refine refused 11 of 1,000 rows"),
        (replace(WELL, models={"als": "none"}), "No model is in use: tillpost train --as-of 2024-03-03"),
    ],
)
def test_what_to_do_next(status: Status, says: str) -> None:
    (step,) = status.next_steps
    assert step.startswith(says)


def test_prometheus_text_is_one_block_a_gauge_with_every_label_escaped() -> None:
    text = prometheus.render(replace(WELL, models={'a"b\\c\nd': "x"}))
    assert 'tillpost_model_info{model="a\\"b\\\\c\\nd",version="x"} 1\n' in text
    assert 'tillpost_stage_duration_seconds{stage="refine"} 30\n' in text
    assert 'tillpost_stage_rows{stage="refine",outcome="refused"} 6\n' in text
    assert f'tillpost_table_business_date_seconds{{table="gold.kpi_daily"}} {1709424000}\n' in text
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(sample.split("{")[0].split()[0] in names for sample in samples)


def test_the_page_escapes_what_it_shows_and_refers_to_nothing_outside() -> None:
    html = page.render(replace(WELL, models={"<script>alert(1)</script>": "x"}))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "http://" not in html
    assert "https://" not in html
    assert "All is well" in html


def test_why_rows_were_refused_is_on_the_page() -> None:
    why = Refusal("quarantine.receipts", "purchased_at", "A value is <missing>.", 1200, 0)
    html = page.render(replace(WELL, refusals=[why]))
    assert "Why rows were refused" in html
    assert "A value is &lt;missing&gt;." in html
    assert "1,200" in html
    assert "Why rows were refused" not in page.render(WELL)
