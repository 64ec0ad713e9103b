"""The business day of tillpost in Airflow 3: a task a stage, each a spark-submit of the job of the same name.

A run closes one business date: the first day of its data interval, which begins and ends at the hour when the books
close. Dates go one after the other, since a past date is a replay and makes no current table. A rerun or a backfill of
a date that is done writes nothing, so every task may be cleared at any time.

What the scheduler's machine says in its environment (docs/scheduler.md):

| variable | means | unless set |
|---|---|---|
| `TILLPOST_DIST` | the folder that `make dist` made | two folders above this file |
| `TILLPOST_SETTINGS` | the environment's settings | `conf/cluster.yaml` in it |
| `TILLPOST_TIME_ZONE`, `TILLPOST_CLOSE_HOUR` | as `business.time_zone` and `business.close_hour` | UTC, 6 |
| `TILLPOST_FIRST_DAY` | the first business date to run | 2024-01-01 |
| `TILLPOST_LANDING` | as `landing.root`; there the sensors look for the day's feeds | no sensors |
| `TILLPOST_FEEDS` | the sources that come every day | receipts |
| `TILLPOST_PYTHON` | the executors' Python, where the nodes have an environment already | the packed one |
| `TILLPOST_DRIVER_PYTHON` | the driver's Python, with tillpost in it | as the executors', or `python3` |
| `TILLPOST_ALERT_URL` | takes a POST of JSON when a task has failed for good or a feed is late | the task's log |

The connection `spark_default` names the master and the deploy mode.
"""

from __future__ import annotations

import json
import logging
import os
import re
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG, Asset, CronDataIntervalTimetable, ObjectStoragePath, chain, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

SAID = os.environ.get
DIST = Path(SAID("TILLPOST_DIST", Path(__file__).resolve().parents[2]))
SETTINGS = SAID("TILLPOST_SETTINGS", f"{DIST}/conf/cluster.yaml")
ZONE = SAID("TILLPOST_TIME_ZONE", "UTC")
CLOSE_HOUR = int(SAID("TILLPOST_CLOSE_HOUR", "6"))
FIRST_DAY = datetime.fromisoformat(SAID("TILLPOST_FIRST_DAY", "2024-01-01")).replace(
    hour=CLOSE_HOUR, tzinfo=ZoneInfo(ZONE)
)
LANDING = SAID("TILLPOST_LANDING", "")
FEEDS = SAID("TILLPOST_FEEDS", "receipts").split(",")
PYTHON = SAID("TILLPOST_PYTHON", "")
PYTHONS = {
    "PYSPARK_PYTHON": PYTHON or "./environment/bin/python",
    "PYSPARK_DRIVER_PYTHON": SAID("TILLPOST_DRIVER_PYTHON", PYTHON or "python3"),
}

BUSINESS_DATE = f"{{{{ data_interval_start.in_timezone('{ZONE}') | ds }}}}"
STAGES = ("ingest", "refine", "build", "score", "publish")
GOLD, RELEASE = Asset("tillpost.gold"), Asset("tillpost.release")
OUTLETS = {"build": [GOLD], "score": [GOLD], "publish": [RELEASE]}
OURS_TO_MEND = {2, 3, 4}  # a wrong option, a wrong setting, data that break a contract: no retry mends these


class Stage(SparkSubmitOperator):
    """One stage of the business date, by spark-submit; what a retry cannot mend fails at once."""

    def __init__(self, *, stage: str, **more: Any) -> None:
        archive = {} if PYTHON else {"archives": f"{DIST}/environment.tar.gz#environment"}
        super().__init__(
            task_id=stage,
            name=f"tillpost {stage} {BUSINESS_DATE}",
            application=f"{DIST}/jobs/{stage}.py",
            application_args=["--conf", SETTINGS, "--as-of", BUSINESS_DATE],
            jars=",".join(str(jar) for jar in sorted((DIST / "jars").glob("*.jar"))),
            env_vars=PYTHONS,
            outlets=OUTLETS.get(stage, []),
            **archive,
            **more,
        )

    def execute(self, context: Any) -> Any:
        """Submit and wait; a failure whose exit code says that it is ours to mend is final."""
        try:
            return super().execute(context)
        except AirflowException as error:
            code = re.search(r"Error code is: (\d+)", str(error))
            if code and int(code.group(1)) in OURS_TO_MEND:
                raise AirflowFailException(str(error)) from error
            raise


def alert(context: Any) -> None:
    """Tell whoever is on duty which date and task it is, and why."""
    task_instance, interval = context["task_instance"], context["data_interval_start"]
    facts = {
        "dag": task_instance.dag_id,
        "task": task_instance.task_id,
        "run": context["run_id"],
        "business_date": interval.in_timezone(ZONE).to_date_string(),
        "tries": task_instance.try_number,
        "why": str(context.get("exception") or "the feed has not come by now; the day goes on without it")[
            -1000:
        ],
    }
    if url := SAID("TILLPOST_ALERT_URL"):
        request = urllib.request.Request(
            url, json.dumps(facts).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=20).close()
    logging.getLogger(__name__).error("alert %s", json.dumps(facts))


def arrived(landing: str, source: str, start: datetime, end: datetime) -> bool:
    """Whether a drop of a source arrived within an interval, as the folders' names say (docs/landing.md)."""
    first, last = (f"arrived={moment.astimezone(ZoneInfo('UTC')):%Y%m%dT%H%M%SZ}" for moment in (start, end))
    folder = ObjectStoragePath(landing) / source
    return folder.exists() and any(first <= drop.name.rstrip("/") < last for drop in folder.iterdir())


with DAG(
    dag_id="tillpost_day",
    schedule=CronDataIntervalTimetable(f"0 {CLOSE_HOUR} * * *", timezone=ZONE),
    start_date=FIRST_DAY,
    catchup=True,
    max_active_runs=1,
    default_args={
        "depends_on_past": True,
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": True,
        "on_failure_callback": alert,
        "execution_timeout": timedelta(hours=4),
    },
    tags=["tillpost"],
    doc_md=__doc__,
) as dag:
    stages = [
        Stage(stage=name, trigger_rule="none_failed" if name == "ingest" else "all_success")
        for name in STAGES
    ]
    chain(*stages)
    for feed in FEEDS if LANDING else ():

        @task.sensor(
            task_id=f"wait_for_{feed}",
            mode="reschedule",
            poke_interval=300,
            timeout=2 * 3600,
            soft_fail=True,  # a feed that is late counts from the day on which it comes
            on_skipped_callback=alert,
            depends_on_past=False,
        )
        def wait_for(source: str, data_interval_start: Any = None, data_interval_end: Any = None) -> bool:
            """Wait for the feed: a drop of a business date may still be on its way when its books close."""
            return arrived(LANDING, source, data_interval_start, data_interval_end)

        wait_for(feed) >> stages[0]
