"""Back to an earlier release: gold and the send list read again as they did when it was made.

Each table is restored by a new commit, which brings back the rows and with them the watermark, so the next run
goes on from there as if nothing later had been built; bronze, silver and live gold stay, and nothing is lost. Then
`latest` names the release. Killed anywhere and run again, it finishes what is missing. What later releases exported
stays in its folder, and their rows in `audit.releases`.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.context import MADE_BY_RUNS, at_close, leased
from pipelines.errors import UsageError
from pipelines.lakehouse.lake import Lake
from pipelines.publish import releases
from pipelines.publish.release import point
from pipelines.run import Outcome
from pipelines.settings import Settings

HELD = ("build", "score", "publish")


def rollback(spark: SparkSession, settings: Settings, release: str) -> list[Outcome]:
    """Make a release of the lake the one that gold holds and `latest` names.

    Returns:
        Each table of gold, with the version that it has now. One that did not exist at the release stays.

    Raises:
        UsageError: there is no such release; nothing was changed.
        DataError: one of its tables can no longer be read at its version; nothing was changed.
        LeaseHeld: a run is writing gold.
    """
    lake = Lake(spark, settings.lake.root)
    found = lake.read(releases.TABLE).where(F.col("release_id") == F.lit(release)).first()
    if found is None:
        raise UsageError(
            f"There is no release {release!r} in this lake",
            remedy="`tillpost sql 'select release_id, as_of from audit.releases'` lists them.",
        )
    as_of: date = found["as_of"]
    context = at_close(spark, settings, as_of, lambda _: None)
    with ExitStack() as held:
        for stage in HELD:
            held.enter_context(leased(context, stage))
        named: dict[str, int] = found["versions"]
        there = [(table, named[table.name]) for table in MADE_BY_RUNS if table.name in named]
        for table, version in there:
            lake.require(table, version)
        outcomes = [
            Outcome(table.name, lake.restore(table, version), None, 0.0, f"as in version {version}")
            for table, version in there
        ]
        if releases.latest(lake.path(releases.TABLE)) != release:
            mark = context.run.mark("rollback", release=release)
            none = spark.createDataFrame([], releases.TABLE.schema)
            lake.commit(releases.TABLE, none, mark, parent=lake.ensure(releases.TABLE))
        point(settings.exports.root.rstrip("/"), as_of, release, found["folder"], back=True)
    return outcomes
