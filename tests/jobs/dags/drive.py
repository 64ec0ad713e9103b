"""Runs inside the scheduler's own environment (.airflow): the DAG's facts, a business day, or a backfill.

    .airflow/bin/python tests/jobs/dags/drive.py facts 2024-03-01 2024-03-03
    .airflow/bin/python tests/jobs/dags/drive.py days 2024-03-01 2024-03-03
    .airflow/bin/python tests/jobs/dags/drive.py backfill

`days` takes the runs that the timetable has between two business dates, in their order, each by `dag.test()`.

`backfill` takes the runs that `airflow backfill create` has put into Airflow's database, and leaves them there as done.
`dag.test()` would put a manual run in the place of each, so this does what its loop does, with the run that is there:
Airflow's own rules say which tasks are ready (`depends_on_past` among them), and each is run by Airflow's own task
runner in this process. What a server adds is left out: the queue, the heartbeat, and waiting for a retry.

Ends with one line of JSON.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.dag_processing.dagbag import DagBag
from airflow.models.backfill import BackfillDagRun
from airflow.models.dagrun import DagRun
from airflow.sdk.definitions.dag import _run_task
from airflow.serialization.serialized_objects import DagSerialization
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from sqlalchemy import select


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
    return list(as_scheduled(dag).iter_dagrun_infos_between(begin, end + timedelta(hours=23)))


def as_scheduled(dag: Any) -> Any:
    """The DAG as a scheduler reads it from the database."""
    return DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))


def days(bag: DagBag) -> list[dict[str, Any]]:
    dag, done = bag.dags["tillpost_day"], []
    for run in runs(dag, *sys.argv[2:4]):
        tried = dag.test(logical_date=run.data_interval.end)  # its last whole interval is the run's
        done.append({"state": str(tried.state), "business_date": f"{run.data_interval.start:%Y-%m-%d}"})
    return done


def backfill(bag: DagBag) -> list[dict[str, Any]]:
    dag = bag.dags["tillpost_day"]
    chosen = select(DagRun).join(BackfillDagRun, BackfillDagRun.dag_run_id == DagRun.id)
    with create_session(scoped=False) as session:
        runs = session.scalars(chosen.order_by(BackfillDagRun.sort_ordinal)).all()
        return [taken(run, dag, session) for run in runs]


def taken(run: DagRun, dag: Any, session: Any) -> dict[str, Any]:
    """One run from its first task to its last."""
    run.dag, run.state = as_scheduled(dag), DagRunState.RUNNING
    while run.state == DagRunState.RUNNING:
        session.expire_all()
        ready, _ = run.update_state(session=session)
        if run.state == DagRunState.RUNNING and not ready:
            raise SystemExit(f"{run.run_id}: no task is ready, of {run.get_task_instances(session=session)}")
        for task_instance in ready:
            task_instance.try_number += 1
            task_instance.state = TaskInstanceState.SCHEDULED
        session.commit()
        for task_instance in ready:
            _run_task(ti=task_instance, task=dag.task_dict[task_instance.task_id])
    begins = f"{run.data_interval_start:%Y-%m-%d}"
    return {"state": str(run.state), "business_date": begins, "type": str(run.run_type)}


if __name__ == "__main__":
    bag = DagBag("jobs/dags")
    print(json.dumps({"facts": facts, "days": days, "backfill": backfill}[sys.argv[1]](bag)))
