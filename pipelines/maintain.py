"""The upkeep of every table of a lake: files put together, and what only old versions hold deleted.

Safe beside running jobs: the tables of a stage are taken under its lease, and those of a stage at work are left for
another time. Safe for readers: a version that stood within the retention, that a release of these days names, or that
`latest` names, reads afterwards as before. No row and no watermark changes, so the next run has nothing to do for it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from pipelines import query
from pipelines.catalog import TABLES
from pipelines.errors import ConcurrentWrite, LeaseHeld, SystemFault
from pipelines.flow import step_of
from pipelines.lakehouse import log
from pipelines.lakehouse.lake import path_of
from pipelines.lakehouse.lease import lease
from pipelines.lakehouse.table import Table
from pipelines.lakehouse.upkeep import Kept, keep_up
from pipelines.publish import releases

_OF_LAYER = {"bronze": "ingest", "vault": "ingest", "quarantine": "refine", "audit": "publish"}


@dataclass(frozen=True)
class Upkeep:
    """What became of a table: what was done, or why it was left alone; one of the two is null."""

    table: str
    kept: Kept | None
    why: str | None = None


def maintain(
    root: str, *, today: date, keep_days: int, of_table: Mapping[str, int], report: Callable[[Upkeep], None]
) -> None:
    """Keep up every table that is there, stage by stage.

    Args:
        root: The lake.
        today: The present.
        keep_days: The retention of a table that `of_table` does not name.
        of_table: Days by table.
        report: Told of each table.

    Raises:
        SystemFault: there is no lake.
    """
    named = _named(root, today - timedelta(days=keep_days))
    there = [table for table in TABLES if log.head(path_of(root, table)) is not None]
    for stage, tables in groupby(sorted(there, key=stage_of), key=stage_of):
        standing = list(tables)
        try:
            with lease(root, stage, f"maintain-{secrets.token_hex(3)}"):
                for table in standing:
                    days = of_table.get(table.name, keep_days)
                    report(_kept_up(root, table, days, named.get(table.name, set())))
        except LeaseHeld as held:
            for table in standing:
                report(Upkeep(table.name, None, held.message))


def stage_of(table: Table) -> str:
    """The stage that writes a table."""
    step = step_of(table.name)
    return step.stage if step else _OF_LAYER[table.layer]


def _kept_up(root: str, table: Table, days: int, versions: set[int]) -> Upkeep:
    try:
        return Upkeep(table.name, keep_up(path_of(root, table), keep_days=days, versions=versions))
    except (ConcurrentWrite, SystemFault) as error:
        return Upkeep(table.name, None, error.message)


def _named(root: str, since: date) -> dict[str, set[int]]:
    """By table, the versions that releases since a date name, and those of `latest`."""
    query.listing(root)
    latest = releases.latest(path_of(root, releases.TABLE))
    found: dict[str, set[int]] = {}
    for name, version in _versions(root, latest, since):
        found.setdefault(name, set()).add(version)
    return found


def _versions(root: str, latest: str, since: date) -> Iterator[tuple[str, int]]:
    rows = query.select(root, f"SELECT release_id, as_of, versions FROM {releases.TABLE.name}").to_pylist()
    for row in rows:
        if row["release_id"] == latest or row["as_of"] >= since:
            yield from dict(row["versions"]).items()
