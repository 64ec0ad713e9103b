"""The last stage: what is about to leave is validated, exported, and released, in that order.

Everything is read at the versions that the release will name, so the files, the report and `audit.releases`
speak of one lake.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines import exporting
from pipelines.bronze import files
from pipelines.flow import FLOW
from pipelines.gold import (
    attribution,
    attribution_channels,
    customer_360,
    customer_totals,
    experiment_results,
    golden_records,
    kpi_daily,
    purchases,
    send_list,
    touchpoints,
)
from pipelines.lakehouse import audit, storage
from pipelines.lakehouse.lake import ABSENT, Lake
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Facts, Table
from pipelines.lakehouse.tracking import Tracking
from pipelines.lakehouse.vault_key import KeyRef
from pipelines.models.als import champion as als
from pipelines.models.als.job import comparison_of
from pipelines.publish import golden_records as golden_exports
from pipelines.publish import published_lists, releases
from pipelines.publish.attribution_collect import collect_attribution
from pipelines.publish.attribution_page import attribution_page
from pipelines.publish.experiment_page import experiment_page
from pipelines.publish.page import About, write_page
from pipelines.publish.published_lists import Figures
from pipelines.publish.reach import reach
from pipelines.publish.reach_page import reach_page
from pipelines.publish.release import Published
from pipelines.publish.release import publish as release
from pipelines.publish.releases import Release
from pipelines.publish.report import render
from pipelines.publish.report_collect import collect
from pipelines.publish.report_data import ReportData, Score
from pipelines.publish.validation import validate
from pipelines.settings import Settings
from pipelines.silver import (
    engagement,
    machine_events,
    person_identifiers,
    products,
    receipt_lines,
    receipts,
)

REPORT = "report.html"
ATTRIBUTION, EXPERIMENTS, REACH = "attribution", "experiments", "reach"


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
    told: Figures = {}

    def stage(folder: Path) -> None:
        told.update(exporting.messages(lake, settings, mark, read, key, folder))
        exporting.feeds(lake, settings, mark, read, key, folder)
        exporting.alerts(settings, mark, read, folder)
        people = read(golden_records.TABLE).where(today)
        golden_exports.export(people, _released_before(lake, mark.as_of), folder)
        data = _report(lake, settings, mark, versions, mails, _scores(tracking, mark))
        (folder / REPORT).write_text(render(data), encoding="utf-8")
        _pages(settings, mark, versions, read, folder, data.release_id)

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


def _released_before(lake: Lake, as_of: date) -> DataFrame:
    """The golden records of the last release of an earlier date; none where there is none."""
    table = golden_records.TABLE
    rows = lake.read(releases.TABLE).where(F.col("as_of") < F.lit(as_of))
    last = rows.orderBy(F.desc("as_of"), "release_id").limit(1).collect()  # one row
    version = last[0]["versions"].get(table.name) if last else None
    found = lake.read(table, ABSENT if version is None else version)
    return found.where(F.col("as_of") == F.lit(last[0]["as_of"])) if last else found


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
        customer_360=read(customer_360.TABLE).where(F.col("as_of") == F.lit(mark.as_of)),
        receipt_lines=read(receipt_lines.TABLE),
        products=read(products.TABLE),
        send_list=mails.where(F.col("trigger") == send_list.FLAGSHIP),
        scores=scores,
        reconciliation=_reconciliation(lake),
        files=lake.read(files.TABLE),
    )


def _pages(
    settings: Settings,
    mark: Mark,
    versions: Mapping[str, int],
    read: Callable[[Table], DataFrame],
    folder: Path,
    release_id: str,
) -> None:
    """The reports on attribution, experiments and reach, each with its tables and pictures beside it."""
    about = About(mark.as_of, settings.business.currency, release_id, dict(sorted(versions.items())))
    figures = collect_attribution(
        as_of=mark.as_of,
        report_days=settings.attribution.report_days,
        attribution=read(attribution.TABLE),
        attribution_channels=read(attribution_channels.TABLE),
        purchases=read(purchases.TABLE),
        touchpoints=read(touchpoints.TABLE),
        engagement=read(engagement.TABLE),
        machine_events=read(machine_events.TABLE),
        products=read(products.TABLE),
        person_identifiers=read(person_identifiers.TABLE),
    )
    page = attribution_page(figures, about, settings.attribution.report_days)
    write_page(page, folder, ATTRIBUTION)
    steps = reach(
        read(receipts.TABLE),
        read(person_identifiers.TABLE),
        read(customer_360.TABLE).where(F.col("as_of") == F.lit(mark.as_of)),
        read(touchpoints.TABLE),
        as_of=mark.as_of,
    )
    write_page(reach_page(steps.collect(), about), folder, REACH)  # one row a shop
    results = read(experiment_results.TABLE).where(F.col("as_of") == F.lit(mark.as_of)).collect()
    write_page(experiment_page(results, about, settings.experiments.window_days), folder, EXPERIMENTS)


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


def _track(tracking: Tracking, settings: Settings, published: Published, told: Figures) -> None:
    """Keep the reports beside the models, and the list's figures as metrics."""
    if published.files is None:
        return
    facts = {"release": published.release_id, "folder": published.folder}
    with (
        tracking.run(f"release {published.release_id}", tags={"release": published.release_id}, params=facts),
        tempfile.TemporaryDirectory(prefix="tillpost-report-") as folder,
    ):
        for name in (REPORT, *(f"{page}.html" for page in (ATTRIBUTION, EXPERIMENTS, REACH))):
            page = storage.read_bytes(f"{settings.exports.root}/{published.folder}/{name}")
            Path(folder, name).write_bytes(page)
        tracking.log_metrics({published_lists.metric(*of): value for of, value in told.items()})
        tracking.log_folder(Path(folder), "report")
