"""Records become facts, no more of them at a time than a machine can hold.

A part is some batches of bronze, and one commit, which says up to which batch the table then stands for its source.
A run that is killed between two parts goes on at the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.bronze import files as ledger
from pipelines.flow import Step
from pipelines.lakehouse import log
from pipelines.lakehouse.facts import account_of, losers_of, settle
from pipelines.lakehouse.lake import ABSENT, any_of
from pipelines.lakehouse.log import Head
from pipelines.lakehouse.mark import Counts, Mark
from pipelines.lakehouse.refusal import BATCH, judge, quarantine_of
from pipelines.lakehouse.table import Input, Table
from pipelines.run import Run, by_date, scope_said


def refined(
    run: Run, step: Step, head: Head, mark: Mark, values: Mapping[str, Any]
) -> tuple[int, Counts | None, str]:
    """Let the records that a table of facts does not stand for yet join it.

    Args:
        run: What the run is.
        step: Of a table of facts.
        head: The table's newest version.
        mark: Of the commit that stands for all records there are.
        values: The keywords of the build.

    Returns:
        The newest version, the account of these records (null: none came), and how much of the table was written.
    """
    table, lake = step.table, run.lake
    source = table.reads[0].table
    now = mark.inputs[source.name]
    standing = _stands_for(run, table, head.mark, mark)
    since, after = (standing.inputs[source.name], standing.batch) if standing else (ABSENT, 0)
    if standing and since == now:
        return head.version, None, "unchanged"
    records = lake.read(source, now) if since == ABSENT else lake.added(source, since, now)
    version, counts, scope = head.version, Counts(), ""
    parts = ledger.parts(lake, source.short, after, mark.batch, most=run.value("landing.batch_bytes"))
    for upto in parts:
        part = records.where(F.col(BATCH).between(after + 1, upto)) if mark.batch else records
        read = mark.inputs if upto == parts[-1] else {**mark.inputs, source.name: since}
        reached = mark.model_copy(update={"batch": upto, "inputs": read, "rebuilt": standing is None})
        version, found, scope = _part(run, step, version, reached, values, part)
        standing, after, counts = reached, upto, counts + found
    return version, counts, "rebuilt" if since == ABSENT else scope


def _stands_for(run: Run, table: Table, standing: Mark | None, mark: Mark) -> Mark | None:
    """The mark to go on from; null where every record must be read again."""
    source, references = table.reads[0].table, table.reads[1:]
    if standing is None or not standing.batch or not mark.batch or not standing.on_the_terms_of(mark):
        return None
    if any(_moved(run, read, standing, mark) for read in references):
        return None
    since, now = standing.inputs[source.name], mark.inputs[source.name]
    return standing if since == now or log.only_grew(run.lake.path(source), since, now) else None


def _part(
    run: Run, step: Step, parent: int, mark: Mark, values: Mapping[str, Any], records: DataFrame
) -> tuple[int, Counts, str]:
    table, lake, rebuild = step.table, run.lake, mark.rebuilt
    looked_up = [lake.read(read.table, mark.inputs[read.table.name]) for read in table.reads[1:]]
    with lake.store.held(judge(step.build(records, *looked_up, as_of=run.as_of, **values), table)) as told:
        account = account_of(table, told, max_keys=run.value("runner.max_touched_keys"))
        standing = lake.read(table, parent)
        replaced: str | None = "true"
        if rebuild:
            standing = standing.limit(0)
        elif account.values is not None:
            replaced = any_of(table.scope[0], account.values) if account.values else None
            standing = standing.where(replaced or "false")
        with lake.store.held(losers_of(table, told, standing)) as losers:
            judged = settle(table, told, standing, account, losers)
            _quarantine(run, table, judged.refused, judged.counts, mark)
            marked = mark.model_copy(update={"counts": judged.counts})
            rows = by_date(table, judged.rows, None if rebuild else account.values)
            version = lake.commit(table, rows, marked, parent=parent, replace=replaced)
        return version, judged.counts, scope_said(table, None if rebuild else account.values)


def _moved(run: Run, read: Input, old: Mark, new: Mark) -> bool:
    """Whether what facts look up in a reference has changed, so that each of them must be read again.

    A row that has none of the values looked up says no more than one that is not there.
    """
    before, now = old.inputs.get(read.table.name), new.inputs[read.table.name]
    if before is None or before > now:
        return True

    def ask() -> bool:
        changed = run.lake.changes(read.table, before, now, read.on, of=read.on)
        said = [column for column in read.on if column not in read.table.key]
        return not changed.where(reduce(or_, (F.col(column).isNotNull() for column in said))).isEmpty()

    try:
        return before != now and bool(run.asked.once(("moved", read.table.name, before, now, *read.on), ask))
    except AnalysisException:  # the change feed was cleaned away: rebuild, never guess
        return True


def _quarantine(run: Run, table: Table, refused: DataFrame, counts: Counts, mark: Mark) -> None:
    """Replace the refused rows of these batches, before the table's own commit, so that none is lost."""
    quarantine = quarantine_of(table)
    if not counts.refused and (not mark.rebuilt or run.lake.head(quarantine) is None):
        return
    standing = run.lake.head(quarantine)
    if standing and standing.mark and _of_one_part(standing.mark, mark):
        return  # a run that was killed right after this commit; what it refused stands
    parent = run.lake.ensure(quarantine)
    batches = [row[0] for row in refused.select(BATCH).distinct().collect()]  # the batches of one run
    replace = "true" if mark.rebuilt else f"{BATCH} IN ({', '.join(str(int(b)) for b in sorted(batches))})"
    run.lake.commit(quarantine, refused, mark, parent=parent, replace=replace)


def _of_one_part(one: Mark, other: Mark) -> bool:
    read = (one.batch, one.inputs) == (other.batch, other.inputs)
    return read and one.on_the_terms_of(other)
