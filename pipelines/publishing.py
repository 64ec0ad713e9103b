"""The last stage: what is about to leave is validated, exported, and released, in that order.

Everything is read at the versions that the release will name, so the files, the report and `audit.releases`
speak of one lake.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines import ingest
from pipelines.bronze import files
from pipelines.flow import FLOW
from pipelines.gold import customer_totals, kpi_daily, send_list
from pipelines.lakehouse import audit, storage
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Facts, Table
from pipelines.lakehouse.tracking import Tracking
from pipelines.lakehouse.vault import KeyRef
from pipelines.models.als import champion as als
from pipelines.models.als.job import comparison_of
from pipelines.publish import releases
from pipelines.publish import send_list as exports
from pipelines.publish.contacts import opener
from pipelines.publish.release import Published
from pipelines.publish.release import publish as release
from pipelines.publish.releases import Release
from pipelines.publish.report import render
from pipelines.publish.report_collect import collect
from pipelines.publish.report_data import ReportData, Score
from pipelines.publish.validation import validate
from pipelines.settings import Settings
from pipelines.silver import customers, person_identifiers, products, receipt_lines

REPORT = "report.html"


def publish(lake: Lake, settings: Settings, mark: Mark, *, tracking: Tracking, key: KeyRef) -> Published:
    """Validate, export and release the send list and the report of the mark's date.

    Raises:
        DataError: what would be exported breaks its contract; nothing was published.
        SystemFault: the exports root cannot be written.
    """
    versions = _versions(lake)
    released = lake.read(releases.TABLE).select("release_id", "as_of")
    found: dict[str, date] = dict(released.collect())  # one row a run
    today = F.col("as_of") == F.lit(mark.as_of)

    def read(table: Table) -> DataFrame:
        return lake.read(table, versions.get(table.name))

    mails = read(send_list.TABLE).where(today)

    def stage(folder: Path) -> None:
        contacts = opener(
            read(person_identifiers.TABLE), read(customers.TABLE), lake.read(ingest.TOKENS), key
        )
        exports.export(mails, folder, open_contacts=contacts)
        data = _report(lake, settings, mark, versions, mails, _scores(tracking, mark))
        (folder / REPORT).write_text(render(data), encoding="utf-8")

    def commit(row: Release) -> None:
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
    _track(tracking, settings, published)
    return published


def _versions(lake: Lake) -> dict[str, int]:
    heads = {step.table.name: lake.head(step.table) for step in FLOW}
    return {name: head.version for name, head in heads.items() if head is not None}


def _report(
    lake: Lake,
    settings: Settings,
    mark: Mark,
    versions: Mapping[str, int],
    mails: DataFrame,
    scores: Sequence[Score],
) -> ReportData:
    def read(table: Table) -> DataFrame:
        return lake.read(table, versions.get(table.name))

    return collect(
        as_of=mark.as_of,
        currency=settings.business.currency,
        versions=versions,
        slots_per_block=settings.send_list.slots_per_block,
        kpi_daily=read(kpi_daily.TABLE),
        customer_totals=read(customer_totals.TABLE),
        receipt_lines=read(receipt_lines.TABLE),
        products=read(products.TABLE),
        send_list=mails,
        scores=scores,
        reconciliation=_reconciliation(lake),
        files=lake.read(files.TABLE),
    )


def _reconciliation(lake: Lake) -> DataFrame:
    """The account of each fact table since it was last rebuilt."""
    facts = [step.table.name for step in FLOW if isinstance(step.table.write, Facts)]
    runs = lake.read(audit.TABLE).where(F.col("table").isin(facts) & (F.col("received") > 0))
    last = runs.where("rebuilt").groupBy("table").agg(F.max("output_version").alias("since"))
    counted = runs.join(last, on="table", how="inner").where(F.col("output_version") >= F.col("since"))
    sums = [F.sum(name).alias(name) for name in ("received", "accepted", "refused", "duplicates")]
    return counted.groupBy("table").agg(*sums).orderBy("table")


def _scores(tracking: Tracking, mark: Mark) -> list[Score]:
    champion = tracking.champion(als.NAME, mark.as_of)
    if champion is None:
        return []
    measured = [
        (quality.model, f"{name}, {quality.protocol} goods", interval)
        for quality in comparison_of(tracking, champion)
        for name, interval in (("nDCG@10", quality.ndcg), ("recall@10", quality.recall))
    ]
    return [Score(model, metric, i.mean, i.low, i.high) for model, metric, i in measured]


def _track(tracking: Tracking, settings: Settings, published: Published) -> None:
    """Keep the report beside the models, too."""
    if published.files is None:
        return
    facts = {"release": published.release_id, "folder": published.folder}
    with (
        tracking.run(f"release {published.release_id}", tags={"release": published.release_id}, params=facts),
        tempfile.TemporaryDirectory(prefix="tillpost-report-") as folder,
    ):
        page = storage.read_bytes(f"{settings.exports.root}/{published.folder}/{REPORT}")
        Path(folder, REPORT).write_bytes(page)
        tracking.log_folder(Path(folder), "report")
