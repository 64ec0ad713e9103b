"""The last stage: what is about to leave is validated, exported, and released, in that order.

Everything is read at the versions that the release will name, so the files, the report and `audit.releases`
speak of one lake.
"""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines import exporting, reporting
from pipelines.bronze import files
from pipelines.gold import golden_records, kpi_daily, send_list
from pipelines.lakehouse import audit, storage
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.tracking import Tracking
from pipelines.lakehouse.vault_key import KeyRef
from pipelines.publish import golden_records as golden_exports
from pipelines.publish import published_lists, releases, site_feed
from pipelines.publish.models_page import collect_models
from pipelines.publish.published_lists import Figures
from pipelines.publish.release import Published
from pipelines.publish.release import publish as release
from pipelines.publish.releases import Release
from pipelines.publish.validation import validate
from pipelines.settings import Settings


def publish(lake: Lake, settings: Settings, mark: Mark, *, tracking: Tracking, key: KeyRef) -> Published:
    """Validate, export and release the send list and the report of the mark's date.

    Raises:
        DataError: what would be exported breaks its contract; nothing was published.
        SystemFault: the exports root cannot be written.
    """
    reports = reporting.of_lake(lake, settings, mark.as_of)
    versions, read = reports.versions, reports.read
    released = lake.read(releases.TABLE).select("release_id", "as_of")
    found: dict[str, date] = dict(released.collect())  # one row a run
    today = F.col("as_of") == F.lit(mark.as_of)

    mails = read(send_list.TABLE).where(today)
    told: Figures = {}

    def stage(folder: Path) -> None:
        told.update(exporting.messages(lake, settings, mark, read, key, folder))
        exporting.feeds(lake, settings, mark, read, key, folder)
        site_feed.export_contexts(tracking, mark.as_of, folder)
        exporting.alerts(settings, mark, read, folder)
        people = read(golden_records.TABLE).where(today)
        golden_exports.export(people, _released_before(lake, read, mark.as_of), folder)
        models = collect_models(tracking, mark.as_of)
        reporting.daily(reports, folder, mails, models, lake.read(audit.TABLE), lake.read(files.TABLE))
        reporting.pages(reports, folder, models)

    def commit(row: Release) -> None:
        exporting.note(lake, mark, row.release_id, told)
        frame = lake.spark.createDataFrame([row.row()], releases.TABLE.schema)
        parent = lake.ensure(releases.TABLE)
        standing = releases.latest(lake.path(releases.TABLE))
        newest = row.release_id if row.as_of >= found.get(standing, date.min) else standing
        marked = mark.model_copy(update={"release": newest})
        lake.commit(releases.TABLE, frame, marked, parent=parent)

    published = release(
        as_of=mark.as_of,
        versions=versions,
        find=found.__contains__,
        validate=lambda: validate(
            [(send_list.TABLE, mails), (kpi_daily.TABLE, read(kpi_daily.TABLE))]
        ).require(),
        stage=stage,
        commit=commit,
        exports_root=settings.exports.root,
    )
    _track(tracking, settings, published, told)
    return published


def _released_before(lake: Lake, read: exporting.Read, as_of: date) -> DataFrame:
    """The golden records of the last earlier date that was released, as they stand now; none where there is none."""
    earlier = lake.read(releases.TABLE).where(F.col("as_of") < F.lit(as_of))
    last = earlier.agg(F.max("as_of")).collect()[0][0]  # one row
    return read(golden_records.TABLE).where(F.col("as_of") == F.lit(last).cast("date"))


def _track(tracking: Tracking, settings: Settings, published: Published, told: Figures) -> None:
    """Keep the reports beside the models, and the list's figures as metrics."""
    if published.files is None:
        return
    facts = {"release": published.release_id, "folder": published.folder}
    with (
        tracking.run(f"release {published.release_id}", tags={"release": published.release_id}, params=facts),
        tempfile.TemporaryDirectory(prefix="tillpost-report-") as folder,
    ):
        for name in (reporting.REPORT, *(f"{page}.html" for page in reporting.PAGES)):
            page = storage.read_bytes(f"{settings.exports.root}/{published.folder}/{name}")
            Path(folder, name).write_bytes(page)
        tracking.log_metrics({published_lists.metric(*of): value for of, value in told.items()})
        tracking.log_folder(Path(folder), "report")
