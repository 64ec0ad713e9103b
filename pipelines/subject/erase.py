"""Erase a person from a lake and from what left it, and prove it.

| step | what a kill right after it leaves | the next call |
|---|---|---|
| 1. find what leads to the person, and write it down sealed | nothing changed | goes on |
| 2. note the erasure in `vault.erasures` | ingest refuses what happened before | goes on |
| 3. delete: records, gold's rows, the vault's contacts | some tables without the person | deletes the rest |
| 4. run: silver anew from its records, gold and the release of the newest date from that | some tables behind | runs |
| 5. purge: older files, the log's words, exports, models | some files still tell | purges the rest |
| 6. scan every file, write the certificate | done, and written down still | scans again |

The caller's lease on every stage is held throughout.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache

from pyspark.sql import SparkSession

from pipelines import context, stages
from pipelines.catalog import TABLES
from pipelines.errors import DataError, SystemFault
from pipelines.flow import of_stage
from pipelines.ingest import TOKENS
from pipelines.lakehouse import erasures, storage
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.lease import lease
from pipelines.lakehouse.purge import purge
from pipelines.lakehouse.vault import store_key
from pipelines.lakehouse.vault_key import KeyRef
from pipelines.publish import releases
from pipelines.publish.delivery.journal import journal
from pipelines.publish.till_feed import looked_up_by
from pipelines.settings import Settings
from pipelines.subject import begun as beginnings
from pipelines.subject import certificate
from pipelines.subject.begun import Begun
from pipelines.subject.certificate import Certificate, Looked
from pipelines.subject.cut import cut
from pipelines.subject.forget import Forgotten, forget
from pipelines.subject.gather import gather
from pipelines.subject.scan import AtTills, Place, Seen, database, scan, wanted_in
from pipelines.subject.traces import Traces, traces

HELD = ("ingest", "refine", "build", "score", "publish", "send")
_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Erased:
    """An erasure that is done: its certificate, and where that is written, without its ending."""

    certificate: Certificate
    place: str


def erase(
    spark: SparkSession,
    settings: Settings,
    asked: str,
    find: Callable[[], str],
    *,
    at: datetime,
    say: Callable[[str], None],
) -> Erased:
    """Erase a person, or finish an erasure of theirs that was killed.

    Args:
        spark: A session.
        settings: Of the command.
        asked: How the person was asked for, such as `card:4711` or `email:jo@shop.example`, in its one written form.
        find: Their id; not asked for where an erasure of theirs has begun.
        at: The present (UTC): what happens later is not covered.
        say: Told of each step.

    Raises:
        UsageError: nobody is called so.
        LeaseHeld: a run is at work, or messages are being sent; nothing was changed.
        DataError: the person still stands somewhere, which the certificate names.
    """
    key = context.key_of(settings)
    root = settings.lake.root.rstrip("/")
    lake = Lake(spark, root)
    day = context.newest_date(lake, (*context.LANDED, *context.MADE_BY_RUNS))
    if day == date.min:
        raise SystemFault(f"There is no lake at {root}", remedy="Name it with --set lake.root=...")
    with ExitStack() as held:
        opened = held.enter_context(context.within(spark, settings, day, lambda _: None))
        for stage in HELD:
            held.enter_context(lease(root, stage, opened.run.run_id))
        begun = beginnings.found(root, key, asked)
        if begun is None:
            begun = gather(root, key, find(), at)
            beginnings.save(root, key, begun)
        say(f"{len(begun.who.identifiers):,} identifiers lead to the person; erasure {begun.id}")
        mark = opened.run.mark("ingest")
        told = erasures.begun(lake, TOKENS, key, mark)
        named = {*begun.who.identifiers, *begun.contacts}
        erasures.note(lake, told, named, begun.at, mark)
        deleted = list(forget(lake, begun, mark))
        say(f"{sum(rows for _, rows, _ in deleted):,} rows of {len(deleted)} tables are deleted")
        forgetful = dataclasses.replace(opened.run, forgets=True)
        _run(dataclasses.replace(opened, run=forgetful, holds=frozenset(HELD)))
        say("what is made of them is made anew")
        hashes = sorted(told.hash_of(each) for each in named)
        found = _proved(settings, lake, key, begun, hashes, deleted, say)
        place = certificate.write(settings.exports.root, found)
        if found.left:
            raise DataError(
                f"The person still stands in {len(found.left)} files, such as {found.left[0]}",
                remedy=f"See {place}.txt; delete what it names, and run the same command again.",
            )
        beginnings.done(root, begun)
    return Erased(found, place)


def _run(opened: context.Context) -> None:
    """Bring every table up to date with what is left of its inputs, and `latest` to a release that can be read."""
    lake = opened.lake
    stages.refine(opened)
    if context.newest_date(lake, context.MADE_BY_RUNS) < opened.run.as_of:
        return  # continuous ingest is ahead: gold is of an earlier close, and the date's own run makes it
    for name in ("build", "score"):
        if any(lake.head(step.table) for step in of_stage(name)):
            stages.STAGES[name](opened)
    if lake.head(releases.TABLE) is not None:
        stages.publish(opened)


def _proved(
    settings: Settings,
    lake: Lake,
    key: KeyRef,
    begun: Begun,
    hashes: Sequence[str],
    deleted: Sequence[Forgotten],
    say: Callable[[str], None],
) -> Certificate:
    """Purge the files in which the person stands, and look through all of them again."""
    wanted = traces(begun.who, [each.partition(":")[2] for each in begun.contacts], begun.shred)
    at_tills = _at_tills(key, begun)
    dirty = [seen for place in places(settings) for seen in scan(place, wanted, at_tills) if seen.found]
    say(f"{len(dirty):,} files of older versions, logs, exports and models still tell")
    purged = list(_purged(lake, dirty, wanted))
    if storage.exists(settings.delivery.journal):
        with journal(settings.delivery.journal) as book:
            book.forget(begun.who.by_type.get("message", []))
    outside = [seen for seen in dirty if seen.place in _folders(settings)[1:]]
    cuts = [(file := f"{o.place}/{o.path}", cut(file, wanted_in(o.path, wanted, at_tills))) for o in outside]
    looked = [_looked(place, wanted, at_tills) for place in places(settings)]
    return Certificate(
        id=begun.id,
        asked_at=begun.at,
        done_at=datetime.now(UTC),
        subject=hashes,
        looked_for=len(wanted.words) + len(wanted.named),
        deleted=deleted,
        purged=purged,
        cut=cuts,
        looked=looked,
    )


def places(settings: Settings) -> list[Place]:
    """Where a person may stand: tables and logs, exports, models and their store, what a carrier picks up."""
    files = [settings.delivery.journal]
    if settings.tracking.uri.startswith(_SQLITE):
        files.append(settings.tracking.uri.removeprefix(_SQLITE))
    return [*map(Place, _folders(settings)), *map(database, files)]


def _folders(settings: Settings) -> list[str]:
    """The lake, then what files of others' can be cut or deleted in."""
    said = (settings.lake.root, settings.exports.root, settings.tracking.artifacts, settings.delivery.folder)
    return [place.rstrip("/") for place in said]


def _purged(lake: Lake, dirty: Sequence[Seen], wanted: Traces) -> Iterator[tuple[str, int]]:
    root = lake.root.rstrip("/")
    for table in TABLES:
        below = f"{table.layer}/{table.short}/"
        paths = {
            seen.path.removeprefix(below)
            for seen in dirty
            if seen.place == root and seen.path.startswith(below)
        }
        if paths:
            yield (
                table.name,
                purge(lake.path(table), lambda line: wanted.in_bytes(line, log=True), frozenset(paths)),
            )


def _looked(place: Place, wanted: Traces, at_tills: AtTills) -> Looked:
    seen = list(scan(place, wanted, at_tills))
    found = tuple(each.path for each in seen if each.found)
    return Looked(place.name, len(seen), sum(each.size for each in seen), found)


def _at_tills(key: KeyRef, begun: Begun) -> AtTills:
    values = [each.split(":", 1) for each in begun.asked_by if each.startswith(("card:", "phone:"))]

    @cache
    def words(store: str) -> frozenset[str]:
        return frozenset(looked_up_by(store_key(key, store), kind, value) for kind, value in values)

    return words
