"""Read inputs, build, check, write: for one table, or for a stage of the flow.

The write follows from the contract. Facts: new records join what stands (`lakehouse.facts`). By scope: the
touched values are rebuilt and replaced. A snapshot: the partition of `as_of` is replaced. A history: spells begin
and end. A journal: what is open is decided. A table whose
inputs, settings, contract and models are those of its watermark is left alone, without a Spark job.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import date
from graphlib import TopologicalSorter
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.evidence import placed, resolved
from pipelines.flow import Step
from pipelines.incremental import EVERYTHING, Choice, among, dealt, narrowed, touched
from pipelines.lakehouse import log
from pipelines.lakehouse.lake import ABSENT, Lake, any_of, is_date_scope
from pipelines.lakehouse.log import Head
from pipelines.lakehouse.mark import Counts, Mark, digest
from pipelines.lakehouse.table import ByScope, Components, Facts, History, Journal, Snapshot, Table
from pipelines.refining import refined
from pipelines.run import Outcome, Run, by_date, counted, scope_said
from pipelines.silver import person_identifiers

PERSONS = person_identifiers.TABLE.name
FAR_BEHIND = 30  # versions of an input
LOOK_BACK = 60  # commits searched for the snapshot of an earlier date


def run_steps(
    run: Run, steps: tuple[Step, ...], *, parallel: int, report: Callable[[Outcome], None]
) -> list[Outcome]:
    """Make the tables of `steps`, each after those it reads, up to `parallel` at a time.

    Raises:
        The first error of any table, once those at work have ended.
    """
    by_name = {step.table.name: step for step in steps}
    graph = TopologicalSorter(
        {n: {r.table.name for r in s.table.reads} & by_name.keys() for n, s in by_name.items()}
    )
    graph.prepare()
    outcomes: list[Outcome] = []
    working: dict[Future[Outcome], str] = {}
    with ThreadPoolExecutor(parallel) as pool:
        while graph.is_active():
            for name in graph.get_ready():
                working[pool.submit(make, run, by_name[name])] = name
            ended, _ = wait(working, return_when=FIRST_COMPLETED)
            for future in ended:
                graph.done(working.pop(future))
                outcomes.append(future.result())
                report(outcomes[-1])
    return outcomes


def make(run: Run, step: Step) -> Outcome:
    """Bring one table up to date."""
    started = time.monotonic()
    table, lake = step.table, run.lake
    values = run.values(table)
    heads = _heads(lake, table)
    mark = run.mark(
        step.stage,
        contract=table.fingerprint,
        settings=digest({name: value for name, value in values.items() if name not in table.models}),
        inputs={name: ABSENT if head is None else head.version for name, head in heads.items()},
        origins={name: head.mark.origin for name, head in heads.items() if head and head.mark},
        models={name: getattr(values[name], "label", "none") for name in table.models},
        batch=_batch(table, heads),
    )
    head = lake.head(table)
    if head is None and set(mark.inputs.values()) == {ABSENT}:
        return Outcome(table.name, ABSENT, None, time.monotonic() - started, "nothing arrived")
    if head is None:
        head = Head(lake.ensure(table), None)
    elif _is_current(lake, table, head, mark):
        return Outcome(table.name, head.version, None, time.monotonic() - started, "unchanged")
    elif head.mark is None or head.mark.contract != mark.contract:
        lake.ensure(table)
        head = lake.head(table) or head
    write = _WRITES[type(table.write)]
    version, counts, scope = write(run, step, head, mark, values)
    return Outcome(table.name, version, counts, time.monotonic() - started, scope)


def _heads(lake: Lake, table: Table) -> dict[str, Head | None]:
    return {read.table.name: lake.head(read.table) for read in table.reads}


def _batch(table: Table, heads: Mapping[str, Head | None]) -> int:
    """Of facts the last batch that their records came with; 0: other tables, and where bronze does not say."""
    source = heads[table.reads[0].table.name] if isinstance(table.write, Facts) else None
    return source.mark.batch if source and source.mark else 0


def _is_current(lake: Lake, table: Table, head: Head, mark: Mark) -> bool:
    standing = head.mark
    if isinstance(table.write, Snapshot) and standing is not None and standing.as_of != mark.as_of:
        standing = _mark_of_date(lake, table, mark.as_of)
    if (
        standing is None
        or not standing.on_the_terms_of(mark)
        or not _read_the_same(lake, table, standing, mark)
    ):
        return False
    return isinstance(table.write, Facts) or standing.as_of >= mark.as_of


def _read_the_same(lake: Lake, table: Table, old: Mark, new: Mark) -> bool:
    """Whether each input holds the rows that it held then; upkeep moves its version and no row."""
    paths = {read.table.name: lake.path(read.table) for read in table.reads}
    return old.inputs.keys() == new.inputs.keys() and all(
        log.same_rows(paths[name], old.inputs[name], now) for name, now in new.inputs.items()
    )


def _mark_of_date(lake: Lake, table: Table, as_of: date) -> Mark | None:
    newest = lake.head(table)
    since = max(-1, newest.version - LOOK_BACK) if newest else -1
    for commit in log.standing(lake.path(table), since=since):
        if commit.mark is not None and commit.mark.as_of == as_of:
            return commit.mark
    return None


def _frames(run: Run, table: Table, versions: Mapping[str, int]) -> dict[str, DataFrame]:
    if run.replay is not None:
        return {read.table.name: run.replay.frame(read.table) for read in table.reads}
    return {read.table.name: run.lake.read(read.table, versions[read.table.name]) for read in table.reads}


def _by_scope(
    run: Run, step: Step, head: Head, mark: Mark, values: Mapping[str, Any]
) -> tuple[int, Counts | None, str]:
    table, lake = step.table, run.lake
    change = EVERYTHING
    if head.mark is not None and head.mark.on_the_terms_of(mark):
        change = touched(
            lake,
            table,
            head.mark,
            mark.inputs,
            as_of=run.as_of,
            max_keys=run.value("runner.max_touched_keys"),
            max_share=run.value("runner.max_touched_share"),
            asked=run.asked,
        )
        mark = mark.model_copy(update={"as_of": max(run.as_of, head.mark.as_of)})
    if change.values == ():
        if head.mark is None or not (run.forgets or _is_far_behind(head.mark, mark)):
            return head.version, None, "unchanged"
        nothing = lake.read(table, head.version).limit(0)
        version = lake.commit(table, nothing, mark, parent=head.version)
        return version, counted(lake, table), "nothing touched"
    frames, replace = _frames(run, table, mark.inputs), "true"
    if change.values is None:
        rows = [built(run, step, frames, values, each) for each in _parts(run, table, mark.inputs)]
    else:
        chosen, needed = among(change.values), among(change.reads or change.values)
        rows = [built(run, step, frames, values, chosen, needed)]
        replace = any_of(table.scope[0], change.values)
    mark = mark.model_copy(update={"rebuilt": change.everything})
    rows = [by_date(table, each, change.values) for each in rows]
    version = lake.commit(table, rows, mark, parent=head.version, replace=replace)
    return version, counted(lake, table), scope_said(table, change.values)


def _is_far_behind(standing: Mark, now: Mark) -> bool:
    """Whether a table that nothing touches would ask for ever longer change feeds, until a part of one is gone."""
    return any(version - standing.inputs[name] >= FAR_BEHIND for name, version in now.inputs.items())


def _parts(run: Run, table: Table, versions: Mapping[str, int]) -> list[Choice | None]:
    """The parts that a rebuild is made in, one after the other, so that not all of it is in memory at once.

    By the hash of the scope, since a build is local to it; null: all in one.
    """
    if not table.scope or is_date_scope(table) or run.replay is not None:
        return [None]
    most = max(run.lake.in_memory(read.table, versions[read.table.name]) for read in table.reads)
    parts = -(-most // run.value("runner.rows_at_once"))
    return [dealt(part, parts) for part in range(parts)] if parts > 1 else [None]


def built(
    run: Run,
    step: Step,
    frames: Mapping[str, DataFrame],
    values: Mapping[str, Any],
    choice: Choice | None,
    needed: Choice | None = None,
) -> DataFrame:
    """The rows of the chosen scope values, of which the inputs need those of `needed`, or the same; null: all.

    With everything chosen the same call is a rebuild.
    """
    rows = step.build(*narrowed(step.table, frames, needed or choice), as_of=run.as_of, **values)
    return rows if choice is None else rows.where(choice(F.col(step.table.scope[0])))


def _components(
    run: Run, step: Step, head: Head, mark: Mark, values: Mapping[str, Any]
) -> tuple[int, Counts | None, str]:
    table, lake = step.table, run.lake
    if step.told is None:
        raise ValueError(f"{table.name} is written by components, and does not tell its rows of a resolution")
    since = head.mark if head.mark and head.mark.on_the_terms_of(mark) else None
    standing = (since.inputs if since else {}).get(PERSONS, head.version)
    found = resolved(lake, since, standing, mark.inputs, values["rules"], run.asked)
    if found is None:
        return head.version, None, "unchanged"
    most = run.value("runner.max_touched_keys")
    rows, replace, said = placed(lake.read(table, head.version), step.told(found), table, found, most)
    as_of = max(run.as_of, since.as_of) if since else run.as_of
    mark = mark.model_copy(update={"as_of": as_of, "rebuilt": found.replaced is None})
    version = lake.commit(table, rows, mark, parent=head.version, replace=replace)
    return version, counted(lake, table), said


def _snapshot(
    run: Run, step: Step, head: Head, mark: Mark, values: Mapping[str, Any]
) -> tuple[int, Counts | None, str]:
    table, lake = step.table, run.lake
    rows = built(run, step, _frames(run, table, mark.inputs), values, None)
    version = lake.commit(table, rows, mark, parent=head.version, replace=any_of(table.scope[0], [run.as_of]))
    return version, counted(lake, table), f"as of {run.as_of}"


def _dated(
    run: Run, step: Step, head: Head, mark: Mark, values: Mapping[str, Any]
) -> tuple[int, Counts | None, str]:
    table, lake = step.table, run.lake
    if not isinstance(table.write, History | Journal):
        raise ValueError(f"{table.name} is not written as a history or a journal")
    frames = _frames(run, table, mark.inputs)
    inputs = [frames[read.table.name] for read in table.reads]
    standing = lake.read(table, head.version)
    told = {"decided_at": run.decided_at} if isinstance(table.write, Journal) else {}
    rows = step.build(*inputs, as_of=run.as_of, standing=standing, **told, **values)
    ends = table.write.ends
    replace = f"{ends} IS NULL OR {ends} >= DATE'{run.as_of}'"
    version = lake.commit(table, rows, mark, parent=head.version, replace=replace)
    return version, counted(lake, table), f"as of {run.as_of}"


_WRITES = {
    Facts: refined,
    ByScope: _by_scope,
    Components: _components,
    Snapshot: _snapshot,
    History: _dated,
    Journal: _dated,
}
