"""Runs inside the scheduler's own environment (.airflow): the DAG's facts, or its business days one after the other.

    .airflow/bin/python tests/jobs/dags/drive.py facts
    .airflow/bin/python tests/jobs/dags/drive.py days 2024-03-01 2024-03-03

`days` does what a backfill does, without a scheduler: the runs that the timetable has between two business dates, in
their order, each by `dag.test()`. Ends with one line of JSON.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization


def facts(bag: DagBag) -> dict[str, Any]:
    dag = bag.dags["tillpost_day"]
    return {
        "errors": {file: str(error) for file, error in bag.import_errors.items()},
        "downstream": {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks},
        "max_active_runs": dag.max_active_runs,
        "depends_on_past": {task.task_id: task.depends_on_past for task in dag.tasks},
        "retries": {task.task_id: task.retries for task in dag.tasks},
        "trigger_rules": {task.task_id: str(task.trigger_rule.value) for task in dag.tasks},
        "outlets": sorted({asset.name for task in dag.tasks for asset in task.outlets}),
        "timetable": type(dag.timetable).__name__,
        "runs": [
            [str(run.data_interval.start), str(run.data_interval.end)] for run in runs(dag, *sys.argv[2:4])
        ],
    }


def runs(dag: Any, first: str, last: str) -> list[Any]:
    """What the timetable has from one business date to another."""
    zone = ZoneInfo(str(dag.timezone))
    begin, end = (datetime.fromisoformat(day).replace(tzinfo=zone) for day in (first, last))
    known = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    return list(known.iter_dagrun_infos_between(begin, end + timedelta(hours=23)))


def days(bag: DagBag) -> list[dict[str, Any]]:
    dag, done = bag.dags["tillpost_day"], []
    for run in runs(dag, *sys.argv[2:4]):
        tried = dag.test(logical_date=run.data_interval.end)  # its last whole interval is the run's
        done.append({"state": str(tried.state), "business_date": f"{run.data_interval.start:%Y-%m-%d}"})
    return done


if __name__ == "__main__":
    bag = DagBag("jobs/dags")
    print(json.dumps({"facts": facts, "days": days}[sys.argv[1]](bag)))
