"""The scheduler's DAG, in an Airflow of its own (`make airflow`) without a server: its facts, and its days for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.settings import Settings
from tests.conftest import as_words, shop_settings
from tests.days import DATA, DAYS, SNAPSHOTS, contents, versions

pytestmark = [pytest.mark.system, pytest.mark.timeout(2400)]

PYTHON = Path(".airflow/bin/python")
STAGES = ("ingest", "refine", "build", "score", "publish")
PERIOD = (str(DAYS[0]), str(DAYS[-1]))
LAST = PERIOD[1]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Airflow's own folder and database, made as its documentation says."""
    place = tmp_path_factory.mktemp("airflow")
    airflow(place, "db", "migrate")
    return place


def airflow(home: Path, *words: str, **more: str) -> None:
    """One of Airflow's own commands."""
    done = subprocess.run(
        [str(PYTHON.with_name("airflow")), *words],
        env=environment(home, **more), capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def environment(home: Path, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(Path("jobs/dags").absolute()),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "TILLPOST_FIRST_DAY": PERIOD[0],
        **more,
    }


def driven(home: Path, *words: str, **more: str) -> Any:
    """What tests/jobs/dags/drive.py ends with."""
    done = subprocess.run(
        [str(PYTHON), "tests/jobs/dags/drive.py", *words],
        env=environment(home, **more), capture_output=True, text=True, timeout=2000, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_dag_parses_and_says_how_a_day_goes(home: Path) -> None:
    facts = driven(
        home, "facts", *PERIOD, TILLPOST_LANDING="file:///shop", TILLPOST_FEEDS="receipts,engagement"
    )
    assert facts["errors"] == {}
    assert facts["timetable"] == "CronDataIntervalTimetable"
    chain = dict(zip(STAGES, [[after] for after in STAGES[1:]] + [[]], strict=True))
    assert facts["downstream"] == {
        **chain,
        "wait_for_receipts": ["ingest"],
        "wait_for_engagement": ["ingest"],
    }
    assert facts["max_active_runs"] == 1
    assert {name for name, waits in facts["depends_on_past"].items() if waits} == set(STAGES)
    assert all(facts["retries"][name] == 2 for name in STAGES)
    assert facts["trigger_rules"]["ingest"] == "none_failed", "a feed that is late does not stop the day"
    assert facts["outlets"] == ["tillpost.gold", "tillpost.release"]
    assert [begin[:10] for begin, _ in facts["runs"]] == [str(day) for day in DAYS]


def test_the_days_of_a_shop_east_of_greenwich_are_its_own(home: Path) -> None:
    """In Tokyo the books of 1 March close at 6:00 of 2 March, which is 21:00 of 1 March in UTC."""
    facts = driven(home, "facts", *PERIOD, TILLPOST_TIME_ZONE="Asia/Tokyo")
    assert facts["runs"][0] == ["2024-02-29 21:00:00+00:00", "2024-03-01 21:00:00+00:00"]


def small_shop(place: Path) -> Settings:
    """The golden shop's tills and mails: each task starts a JVM, and every table costs it seconds."""
    return shop_settings(place, feeds={"receipts", "products", "stores", "engagement"})


def places(settings: Settings) -> dict[str, str]:
    """The same places as variables, which every job of the run inherits; and what the DAG asks of its machine."""
    small = {
        "spark.shuffle_partitions": "2",
        "spark.conf": '{"spark.databricks.delta.snapshotPartitions": "1"}',
    }
    words = as_words(settings, **small)
    pairs = (word.split("=", 1) for word in words[1::2])
    return {
        **{"TILLPOST__" + key.upper().replace(".", "__"): value for key, value in pairs},
        "TILLPOST_SETTINGS": str(Path("conf/base.yaml").absolute()),
        "TILLPOST_LANDING": Path(settings.landing.root).as_uri(),
        "TILLPOST_FEEDS": "receipts",
        "TILLPOST_PYTHON": sys.executable,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path.cwd()),
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": "local[2]"}),
        "TILLPOST_DIST": str(Path("dist").absolute()),
    }


def run(settings: Settings, day: str) -> None:
    """What cron would start."""
    command = [str(Path(sys.executable).with_name("tillpost")), "run", "--as-of", day]
    command += ["--conf", "conf/base.yaml", *as_words(settings, **{"spark.engine": "sail"})]
    subprocess.run(command, check=True, capture_output=True, timeout=900)


def without_a_jvm(place: Path) -> dict[str, str]:
    """A `spark-submit` first on the path that starts the job's driver with its words, on Sail."""
    place.mkdir()
    command = place / "spark-submit"
    command.write_text(
        '#!/bin/sh\nwhile [ "${1##*.}" != py ]; do shift; done\nexec "$PYSPARK_DRIVER_PYTHON" "$@"\n',
        encoding="utf-8",
    )
    command.chmod(0o755)
    return {"PATH": f"{place}:{os.environ['PATH']}", "TILLPOST__SPARK__ENGINE": "sail"}


def test_a_backfill_of_three_days_is_three_daily_runs(home: Path, tmp_path: Path) -> None:
    """By Airflow's `backfill create`; its runs, without a server, as drive.py says. The jobs compute on Sail here."""
    filled, daily = small_shop(tmp_path / "filled"), small_shop(tmp_path / "daily")
    shop = {**places(filled), **without_a_jvm(tmp_path / "bin")}
    airflow(home, "dags", "reserialize", **shop)
    asked = ("--from-date", PERIOD[0], "--to-date", f"{LAST}T23:59", "--reprocess-behavior", "failed")
    airflow(home, "backfill", "create", "--dag-id", "tillpost_day", *asked, **shop)
    assert driven(home, "backfill", **shop) == [
        {"state": "success", "business_date": str(day), "type": "backfill"} for day in DAYS
    ]
    for day in DAYS:
        run(daily, str(day))
    by_run, by_backfill = contents(daily), contents(filled)
    assert [name for name in by_run if by_run[name] != by_backfill[name]] == []
    dated = {table.name: by_run[table.name] for table in SNAPSHOTS if by_run[table.name]}
    assert all(any(repr(day) in row for row in rows) for day in DAYS for rows in dated.values())
    assert len(dated) > 3, "control: some of gold is of one date each"


def test_a_day_by_the_scheduler_is_a_daily_run_and_again_changes_nothing(home: Path, tmp_path: Path) -> None:
    """Its stages by spark-submit; the days of a backfill are those of the timetable, one after the other."""
    scheduled, daily = small_shop(tmp_path / "scheduled"), small_shop(tmp_path / "daily")
    done = driven(home, "days", LAST, LAST, **places(scheduled))
    assert done == [{"state": "success", "business_date": LAST}]
    run(daily, LAST)
    by_run, by_scheduler = contents(daily), contents(scheduled)
    assert [name for name in by_run if by_run[name] != by_scheduler[name]] == []
    assert len([name for name, rows in by_run.items() if rows]) > 20, "control: most of them hold rows"
    before = versions(scheduled, DATA)
    assert driven(home, "days", LAST, LAST, **places(scheduled))[0]["state"] == "success"
    assert versions(scheduled, DATA) == before
