"""What somebody decides about two identifiers, and what it changes.

A decision is landed like any other record, at the last second of the newest day's books: it holds from then on, what
was known before stays known, and a rebuild has it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import and_
from typing import Any

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from pipelines import context, stages
from pipelines.calc.time import books_close
from pipelines.errors import SystemFault, UsageError
from pipelines.flow import FLOW, step_of
from pipelines.identity import Identifier
from pipelines.lakehouse.lake import CHANGE_SIGN, Lake
from pipelines.lakehouse.table import Snapshot
from pipelines.landing import identity_decisions as landing
from pipelines.landing.files import drop
from pipelines.landing.formats.private import may_hold_contact
from pipelines.persons import person_of
from pipelines.run import Outcome
from pipelines.settings import Settings
from pipelines.silver import identity_changes
from pipelines.silver import identity_decisions as decisions

STAGES = ("ingest", "refine", "build", "score")


@dataclass(frozen=True)
class Recomputed:
    """One table that a decision changed: which of its scope, and how many rows went and came.

    `went` is null for a snapshot, of which the partition of the date was written anew.
    """

    table: str
    scope: str
    went: int | None
    came: int


@dataclass(frozen=True)
class Unmerged:
    """What an unmerge did: each identifier that moved, and each table."""

    as_of: date
    moved: list[dict[str, Any]]
    tables: list[Recomputed]


def decide(
    spark: SparkSession, settings: Settings, decision: str, one: Identifier, other: Identifier, why: str
) -> str:
    """Land a decision; the next run takes it.

    Returns:
        The landing file, relative to the landing root.

    Raises:
        SettingsError: it contradicts an earlier decision or one that the rules list; nothing was landed.
        UsageError: one of the two was never seen, or a contact stands in the words; nothing was landed.
        SystemFault: the lake has no day yet.
    """
    if may_hold_contact(why):
        raise UsageError(
            "A contact seems to stand in the reason, which is kept in clear",
            remedy="Say it without an address or a number.",
        )
    lake = Lake(spark, settings.lake.root)
    for each in (one, other):
        person_of(settings.lake.root, each)
    arrived = _arrival(settings, newest(lake))
    others = lake.read(decisions.TABLE).where(~_about(one, other))
    rules = decisions.ruled(settings.identity.rules, others)
    if decision == decisions.EXCLUDE:
        rules.excluding(one, other, since=arrived)
    elif decision == decisions.INCLUDE:
        rules.including(one, other, since=arrived)
    ends = {
        "left_type": one.type,
        "left_value": one.value,
        "right_type": other.type,
        "right_value": other.value,
    }
    record = json.dumps({"decision": decision, **ends, **({"why": why} if why else {})}) + "\n"
    name = hashlib.sha256(f"{datetime.now(UTC)}{record}".encode()).hexdigest()[:12]
    return drop(settings.landing.root, landing.SOURCE.name, arrived, f"{name}.jsonl", record.encode())


def unmerge(
    spark: SparkSession,
    settings: Settings,
    one: Identifier,
    other: Identifier,
    why: str,
    report: Callable[[Outcome], None],
) -> Unmerged:
    """Part two identifiers that are one person, and run the newest day again as far as that changes it.

    Raises:
        UsageError: they are not one person now.
        SettingsError: a decision says that they are.
    """
    root, lake = settings.lake.root, Lake(spark, settings.lake.root)
    persons = {person_of(root, each) for each in (one, other)}
    if len(persons) > 1 or persons == {None}:
        raise UsageError(
            "The two are not one person now",
            remedy="`tillpost identity exclude` keeps them apart from now on; `explain` tells whose each is.",
        )
    before = {step.table.name: head.version for step in FLOW if (head := lake.head(step.table))}
    decide(spark, settings, decisions.EXCLUDE, one, other, why)
    as_of, outcomes = newest(lake), list[Outcome]()

    def tell(outcome: Outcome) -> None:
        outcomes.append(outcome)
        report(outcome)

    with context.within(spark, settings, as_of, tell) as run:
        for stage in STAGES:
            stages.STAGES[stage](run)
    table = identity_changes.TABLE
    known = before.get(table.name)
    changed = (
        lake.read(table)
        if known is None
        else lake.changes(table, known, _version(lake, table.name), table.names)
    )
    came = changed if known is None else changed.where(F.col(CHANGE_SIGN) > 0)
    moved = came.orderBy("changed_at", "identifier_type", "identifier_value").limit(1000).collect()  # bounded
    return Unmerged(as_of, [row.asDict() for row in moved], list(_recomputed(lake, before, outcomes)))


def newest(lake: Lake) -> date:
    """The newest day that the lake has a run of.

    Raises:
        SystemFault: it has none.
    """
    found = context.newest_date(lake, (step.table for step in FLOW))
    if found == date.min:
        raise SystemFault(f"There is no lake at {lake.root}", remedy="Run `tillpost run --as-of DAY` first.")
    return found


def _arrival(settings: Settings, as_of: date) -> datetime:
    """The last second of the day's books; now, while they are open."""
    business = settings.business
    close = books_close(as_of, business.time_zone, business.close_hour)
    return min(close - timedelta(seconds=1), datetime.now(UTC))


def _about(one: Identifier, other: Identifier) -> Column:
    left, right = sorted((one, other), key=lambda each: (each.type, each.value))
    values = (left.type, left.value, right.type, right.value)
    return reduce(and_, (F.col(end) == value for end, value in zip(decisions.PAIR, values, strict=True)))


def _version(lake: Lake, name: str) -> int:
    step = step_of(name)
    head = lake.head(step.table) if step else None
    return head.version if head else 0


def _recomputed(lake: Lake, before: dict[str, int], outcomes: Iterable[Outcome]) -> Iterable[Recomputed]:
    for outcome in outcomes:
        step = step_of(outcome.table)
        if step is None or outcome.counts is None:
            continue
        if isinstance(step.table.write, Snapshot) or step.table.name not in before:
            yield Recomputed(outcome.table, outcome.scope, None, outcome.counts.accepted)
            continue
        rows = lake.changes(step.table, before[outcome.table], outcome.version, step.table.key)
        signs = rows.groupBy(CHANGE_SIGN).count().collect()  # two rows
        sums = {row[CHANGE_SIGN] > 0: row["count"] for row in signs}
        yield Recomputed(outcome.table, outcome.scope, sums.get(False, 0), sums.get(True, 0))
