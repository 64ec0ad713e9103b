"""The dashboard: what each section adds up to, that it adds up to gold, and that it stands alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipelines import query, reporting
from pipelines.gold import attribution, purchases, segments, send_decisions
from pipelines.lakehouse.lake import Lake
from pipelines.publish.cube import ALL
from pipelines.publish.dashboard_collect import MODELS, DashboardFigures, collect_dashboard
from pipelines.publish.dashboard_page import dashboard_page
from pipelines.publish.models_page import ModelFigures
from pipelines.publish.page import render_page, write_page
from pipelines.settings import Settings
from tests.days import DAYS
from tests.publish.dashboard_case import ABOUT, figures, models
from tests.publish.report_case import HOSTILE

NOTHING = (DashboardFigures([], [], [], [], []), ModelFigures([], {}, (), {}))


def test_the_sections_say_what_the_figures_are() -> None:
    page = dashboard_page(figures(), models(), ABOUT)
    rows = {section.name: section.rows for section in page.sections}
    assert page.headline == "€59 from 6 purchases in 91 days; 3 messages go out for 2024-03-10."
    assert rows["revenue"] == (
        ("Shop S1", "€50.00", "4", "€12.50", "50.0\u00a0%"),
        (f"Shop {HOSTILE}", "€2.50", "1", "€2.50", "0.0\u00a0%"),
        ("Other shops", "−€0.50", "0", "–", "–"),
        ("No shop", "€7.00", "1", "€7.00", "100.0\u00a0%"),
        (ALL, "€59.00", "6", "€9.83", "50.0\u00a0%"),
    )
    assert rows["messages"] == (
        (HOSTILE, "0", "0", "0", "0", "5"),
        ("receipt_mail", "3", "1", "2", "0", "0"),
        (ALL, "3", "1", "2", "0", "5"),
    )
    assert [row[0] for row in rows["gates"]] == ["consent", "holdout", "priority", ALL]
    assert rows["gates"][-1] == (ALL, "1", "2", "0", "5")
    assert rows["attribution"] == (
        ("Direct", "€30.00", "€15.00"),
        ("Email", "€0.00", "€4.00"),
        ("Unattributed", "€10.00", "€6.00"),
        (ALL, "€40.00", "€25.00"),
    )
    assert rows["segments"][1] == ("loyal", "Who is loyal", "20", "25.0\u00a0%")
    assert rows["overlaps"] == (
        ("mailed", "loyal", "10", "20.0\u00a0%", "25.0\u00a0%", "50.0\u00a0%"),
        ("mailed", "sleeping", "4", "9.1\u00a0%", "10.0\u00a0%", "50.0\u00a0%"),
    )
    assert [row[1] for row in rows["als"]] == ["als", "popularity"]


@pytest.mark.parametrize("case", [(figures(), models()), NOTHING], ids=["full", "none"])
def test_it_stands_alone_and_nothing_on_it_is_nan(tmp_path: Path, case: tuple[Any, Any]) -> None:
    page = dashboard_page(*case, ABOUT)
    write_page(page, tmp_path, "dashboard")
    text = (tmp_path / "dashboard.html").read_text(encoding="utf-8")
    assert text == render_page(page)
    assert "default-src 'none'" in text
    assert HOSTILE not in text
    body = text.split("<main>")[1].split("<script")[0]
    words = re.findall(r"[a-z]+", re.sub("<noscript>.*?</noscript>", "", body.lower(), flags=re.DOTALL))
    assert not {"nan", "inf", "none"} & set(words)
    assert ('id="filters"' in text) == bool(case[0].sold)


@pytest.mark.spark
def test_every_section_adds_up_to_gold(spark: SparkSession, settled_shop: Callable[[], Settings]) -> None:
    root, day = settled_shop().lake.root, DAYS[-1]
    lake = Lake(spark, root)
    found = collect_dashboard(
        day,
        lake.read(segments.TABLE).where(f"as_of = DATE '{day}'"),
        lake.read(purchases.TABLE),
        lake.read(send_decisions.TABLE),
        lake.read(attribution.TABLE),
    )

    def gold(sql: str) -> Any:
        return query.select(root, f"SELECT {sql} AS value").to_pylist()[0]["value"]

    revenue = gold("(SELECT (sum(net_revenue + online_revenue) * 100)::BIGINT FROM gold.kpi_daily)")
    assert sum(row.revenue for row in found.sold) == revenue > 0
    sales = gold("(SELECT count(*) FROM gold.purchases WHERE kind = 'sale')")
    assert sum(row.sales for row in found.sold) == sales
    for model in MODELS:
        assert sum(getattr(row, model) for row in found.credited) == revenue, model
    candidates = gold("(SELECT count(*) FROM gold.send_decisions)")
    assert (
        sum(getattr(row, each) for row in found.decided for each in send_decisions.OUTCOMES) == candidates > 0
    )
    assert {row.segment for row in found.segments} <= {
        row["segment"] for row in query.select(root, "SELECT segment FROM gold.segments").to_pylist()
    }
    assert "dashboard" in reporting.PAGES
