"""The reports of a release: each a page that opens offline, with its tables and pictures beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.flow import FLOW
from pipelines.gold import (
    attribution,
    attribution_chains,
    attribution_channels,
    consents,
    customer_360,
    customer_totals,
    experiment_results,
    kpi_daily,
    kpi_monthly,
    loyalty_ledger,
    purchases,
    segments,
    send_decisions,
    send_list,
    touchpoints,
)
from pipelines.gold.send_reach import reached
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.table import Facts, Table
from pipelines.publish.attribution_collect import collect_attribution
from pipelines.publish.attribution_page import attribution_page
from pipelines.publish.dashboard_collect import collect_dashboard
from pipelines.publish.dashboard_page import dashboard_page
from pipelines.publish.experiment_page import experiment_page
from pipelines.publish.experiment_placebo import placebo_credits
from pipelines.publish.loyalty_collect import collect_loyalty
from pipelines.publish.loyalty_page import loyalty_page
from pipelines.publish.models_page import ModelFigures, models_page
from pipelines.publish.page import About, Page, write_page
from pipelines.publish.reach import reach
from pipelines.publish.reach_page import reach_page
from pipelines.publish.releases import release_id
from pipelines.publish.report import render
from pipelines.publish.report_collect import collect
from pipelines.publish.report_data import Score
from pipelines.settings import Settings
from pipelines.silver import (
    assignments,
    campaigns,
    engagement,
    machine_events,
    order_lines,
    person_identifiers,
    products,
    receipt_lines,
    receipts,
    stores,
)
from pipelines.silver.person_identifiers import current

REPORT = "report.html"


@dataclass(frozen=True)
class Reports:
    """What all reports of a release are made from.

    Args:
        settings: Of the run.
        as_of: The business date.
        versions: Of every table.
        runs: By table, the run that wrote that version.
        read: A table at its version.
    """

    settings: Settings
    as_of: date
    versions: Mapping[str, int]
    runs: Mapping[str, str]
    read: Callable[[Table], DataFrame]

    def today(self, table: Table) -> DataFrame:
        """The rows of a snapshot that are of the date."""
        return self.read(table).where(F.col("as_of") == F.lit(self.as_of))


def of_lake(lake: Lake, settings: Settings, as_of: date) -> Reports:
    """The lake as it stands, for a release of the date."""
    found = {step.table.name: lake.head(step.table) for step in FLOW}
    heads = {name: head for name, head in found.items() if head is not None}
    versions = {name: head.version for name, head in heads.items()}
    runs = {name: head.mark.run for name, head in heads.items() if head.mark}

    def read(table: Table) -> DataFrame:
        found: DataFrame = lake.read(table, versions.get(table.name))
        return found

    return Reports(settings, as_of, versions, runs, read)


def daily(
    reports: Reports, folder: Path, mails: DataFrame, models: ModelFigures, runs: DataFrame, files: DataFrame
) -> None:
    """Write the report of the day.

    Args:
        reports: What it is made from.
        folder: Where it goes.
        mails: The date's send list.
        models: The models that score.
        runs: `audit.runs`.
        files: `bronze.files`.
    """
    data = collect(
        as_of=reports.as_of,
        currency=reports.settings.business.currency,
        versions=reports.versions,
        slots_per_block=reports.settings.send_list.slots_per_block,
        kpi_daily=reports.read(kpi_daily.TABLE),
        customer_totals=reports.read(customer_totals.TABLE),
        customer_360=reports.today(customer_360.TABLE),
        reached=_reached(reports),
        tacit=_tacit(reports),
        receipt_lines=reports.read(receipt_lines.TABLE),
        products=reports.read(products.TABLE),
        send_list=mails.where(F.col("trigger") == send_list.FLAGSHIP),
        scores=list(_scores(models)),
        reconciliation=_reconciliation(runs),
        files=files,
    )
    (folder / REPORT).write_text(render(data), encoding="utf-8")


def pages(
    reports: Reports, folder: Path, models: ModelFigures, told: Callable[[str], None] = lambda _: None
) -> None:
    """Write every page of `PAGES`, each with its tables and pictures beside it; `told` hears of each."""
    currency = reports.settings.business.currency
    named = release_id(reports.as_of, reports.versions)
    about = About(reports.as_of, currency, named, dict(sorted(reports.versions.items())), reports.runs)
    for name, page in PAGES.items():
        write_page(page(reports, models, about), folder, name)
        told(name)


def _attribution(reports: Reports, models: ModelFigures, about: About) -> Page:
    days, read = reports.settings.attribution.report_days, reports.read
    figures = collect_attribution(
        as_of=reports.as_of,
        report_days=days,
        attribution=read(attribution.TABLE),
        attribution_chains=read(attribution_chains.TABLE),
        attribution_channels=read(attribution_channels.TABLE),
        purchases=read(purchases.TABLE),
        touchpoints=read(touchpoints.TABLE),
        engagement=read(engagement.TABLE),
        machine_events=read(machine_events.TABLE),
        campaigns=read(campaigns.TABLE),
        receipt_lines=read(receipt_lines.TABLE),
        order_lines=read(order_lines.TABLE),
        products=read(products.TABLE),
        stores=read(stores.TABLE),
        person_identifiers=read(person_identifiers.TABLE),
    )
    return attribution_page(figures, about, days)


def _dashboard(reports: Reports, models: ModelFigures, about: About) -> Page:
    told = (reports.read(each.TABLE) for each in (purchases, send_decisions, attribution))
    figures = collect_dashboard(reports.as_of, reports.today(segments.TABLE), *told)
    return dashboard_page(figures, models, about)


def _experiments(reports: Reports, models: ModelFigures, about: About) -> Page:
    days = reports.settings.experiments.window_days
    placebo = placebo_credits(
        reports.read(assignments.TABLE),
        reports.read(attribution.TABLE),
        reports.read(purchases.TABLE),
        reports.read(person_identifiers.TABLE),
        as_of=reports.as_of,
        report_days=reports.settings.experiments.look_back_days,
        window_days=days,
    )
    rows = reports.today(experiment_results.TABLE).collect()  # metrics of the arms that were landed
    return experiment_page(rows, placebo, about, days)


def _loyalty(reports: Reports, models: ModelFigures, about: About) -> Page:
    days, programme = reports.settings.attribution.report_days, reports.settings.loyalty
    window = reports.settings.experiments.window_days
    figures = collect_loyalty(
        as_of=reports.as_of,
        report_days=days,
        members=programme.members,
        experiments=programme.experiments,
        window_days=window,
        kpi_monthly=reports.read(kpi_monthly.TABLE),
        loyalty_ledger=reports.read(loyalty_ledger.TABLE),
        purchases=reports.read(purchases.TABLE),
        person_identifiers=reports.read(person_identifiers.TABLE),
        assignments=reports.read(assignments.TABLE),
        experiment_results=reports.today(experiment_results.TABLE),
    )
    return loyalty_page(figures, about, days, programme.redemptions, window)


def _models(reports: Reports, models: ModelFigures, about: About) -> Page:
    return models_page(models, about)


def _reach(reports: Reports, models: ModelFigures, about: About) -> Page:
    steps = reach(
        reports.read(receipts.TABLE),
        reports.read(person_identifiers.TABLE),
        _reached(reports),
        reports.read(touchpoints.TABLE),
        as_of=reports.as_of,
    )
    return reach_page(steps.collect(), about, tacit=_tacit(reports).get("email", ()))  # one row a shop


def _tacit(reports: Reports) -> dict[str, Sequence[str]]:
    return dict(reports.settings.decisions.tacit_consent.items())


def _reached(reports: Reports) -> DataFrame:
    """On which channels some brand may write to each person and reaches them, as the date's send list sees it."""
    return reached(
        reports.today(customer_360.TABLE),
        reports.read(touchpoints.TABLE),
        reports.read(consents.TABLE),
        current(reports.read(person_identifiers.TABLE)),
        as_of=reports.as_of,
        tacit=_tacit(reports),
        brands=(),
    )


PAGES: Mapping[str, Callable[[Reports, ModelFigures, About], Page]] = {
    "attribution": _attribution,
    "dashboard": _dashboard,
    "experiments": _experiments,
    "loyalty": _loyalty,
    "models": _models,
    "reach": _reach,
}
"""The pages of a release, by name."""


def _reconciliation(runs: DataFrame) -> DataFrame:
    """The account of each fact table since it was last rebuilt."""
    facts = [step.table.name for step in FLOW if isinstance(step.table.write, Facts)]
    counted = runs.where(F.col("table").isin(facts) & (F.col("received") > 0))
    last = counted.where("rebuilt").groupBy("table").agg(F.max("output_version").alias("since"))
    since = counted.join(last, on="table", how="inner").where(F.col("output_version") >= F.col("since"))
    sums = [F.sum(name).alias(name) for name in ("received", "accepted", "refused", "duplicates")]
    return since.groupBy("table").agg(*sums).orderBy("table")


def _scores(models: ModelFigures) -> Iterator[Score]:
    for quality in models.als:
        for name, interval in (("nDCG@10", quality.ndcg), ("recall@10", quality.recall)):
            metric = f"{name}, {quality.protocol} goods"
            yield Score(quality.model, metric, interval.mean, interval.low, interval.high)
