from __future__ import annotations

from pipelines.publish.report_charts import charts, charts_png, still
from pipelines.publish.report_style import PAPER
from tests.publish.report_case import HOSTILE, case


def test_there_is_a_chart_for_whatever_has_figures() -> None:
    assert list(charts(case())) == ["revenue", "shares", "categories", "blocks", "quality_1", "quality_2"]
    assert list(charts(case(weeks=(), scores=(), mails=0))) == ["categories"]


def test_a_page_colours_its_charts_and_paper_brings_its_own() -> None:
    assert "var(--first)" in str(charts(case()))
    assert "var(" not in str(charts(case(), PAPER))


def test_a_still_is_escaped_and_always_the_same() -> None:
    spec = charts(case())["categories"]
    assert still(spec) == still(spec)
    assert HOSTILE.lower() not in still(spec).lower()
    assert "&lt;/script&gt;" in still(spec).lower()


def test_pictures_are_png() -> None:
    pictures = charts_png(case(scores=()), width=200, scale=1)
    assert set(pictures) == {"revenue", "shares", "categories", "blocks"}
    assert all(picture.startswith(b"\x89PNG") for picture in pictures.values())
