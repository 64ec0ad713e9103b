from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from pipelines.publish.report import headline, money, notes, render
from pipelines.publish.report_data import Simulated, Source
from tests.publish.report_case import HOSTILE, case, period


class Page(HTMLParser):
    """The elements and the shown text of a page, as a browser with scripts would see them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] not in {"script", "style"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def html() -> str:
    return render(case())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_page_refers_to_nothing_outside_itself(page: Page) -> None:
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"link", "iframe", "object", "embed", "base", "img", "image", "a"}
    for tag, attributes in page.elements:
        assert not {"src", "href", "srcset", "action", "data"} & set(attributes), tag
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert "default-src 'none'" in policy


def test_the_charts_bundle_stands_in_it_once(html: str) -> None:
    assert html.count("window.vegaEmbed") == 1
    assert len(html) < 1_300_000


def test_hostile_text_is_shown_and_never_run(html: str, page: Page) -> None:
    assert HOSTILE not in html
    assert "<script>alert" not in html.lower()
    assert not any(attribute.startswith("on") for _, attributes in page.elements for attribute in attributes)
    assert [tag for tag, _ in page.elements].count("script") == 3
    assert "<script>alert('tea')</script>" in page.text


def test_the_same_figures_give_the_same_page(html: str) -> None:
    assert render(case()) == html


def test_the_headline_says_who_gets_mail_and_how_sales_go() -> None:
    assert headline(case()) == (
        "4 people who shopped on Sunday 10 March 2024 get a mail, with 4.2 goods on average. "
        "Revenue of the last 28 days was €1,050, 5.0\u00a0% above the 28 days before."
    )
    assert headline(case(mails=0, before=None)) == (
        "Nobody gets a mail for Sunday 10 March 2024. Revenue of the last 28 days was €1,050."
    )


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [("1234567.49", "USD", "$1,234,567"), ("-12.60", "GBP", "−£13"), ("5", "CHF", "CHF 5")],
)
def test_money(amount: str, currency: str, shown: str) -> None:
    assert money(Decimal(amount), currency) == shown


def test_a_share_that_is_whole_by_construction_is_explained() -> None:
    data = case()
    whole = case(recent=replace(data.recent, identified_share=1.0, repeat_share=1.0))
    assert not any("by construction" in note for note in notes(data))
    assert any("by construction" in note for note in notes(whole))
    assert any("closed group" in note for note in notes(whole))
    assert any("The data begin on Wednesday 3 January 2024" in note for note in notes(data))
    assert any("5 days at the ends are left out" in note for note in notes(data))


def test_only_a_whole_share_reads_as_100_percent() -> None:
    almost = case(recent=replace(case().recent, identified_share=0.99999))
    assert "99.9\u00a0%" in render(almost)


def test_stages_show_people_reach_and_what_they_should_bring(page: Page) -> None:
    assert "At risk 900 120 €4,322 Prospect 334 334 –" in page.text


def test_every_section_has_a_query_that_reads_this_release(page: Page) -> None:
    asked = [words for words in page.words if words.startswith("tillpost sql ")]
    assert len(asked) == 8
    assert sum("--release 455a07ca3eef" in command for command in asked) == 6
    assert all(command.count('"') == 2 for command in asked)


def test_what_is_not_real_is_said() -> None:
    assert "Not everything here is real" not in render(case())
    made_up = case(simulated=(Simulated("engagement", 365, 366), Simulated("web_events", 365, 365)))
    assert "Simulated, as the names of the files say: 365 of 366 files of engagement, web_events." in render(
        made_up
    )


def test_what_does_not_add_up_is_said_loudly(page: Page) -> None:
    assert "Nothing got lost" in page.text
    lost = Page(render(case(sources=(Source("silver.receipts", 10, 7, 1, 1),))))
    assert "Records are missing" in lost.text
    assert "1 missing" in lost.text


def test_a_first_day_with_nothing_to_show_still_makes_a_page() -> None:
    nothing = replace(period(case().as_of, 28, "0", identified_share=None, repeat_share=None), receipts=0)
    bare = case(
        first_day=None, people=0, recent=nothing, before=None, weeks=(), days_left_out=0, categories=(),
        stages=(), mails=0, blocks=(), scores=(), excerpt=(), sources=(),
    )  # fmt: skip
    page = Page(render(bare))
    assert "There is no whole week yet." in page.text
    assert "Nobody is known yet." in page.text
    assert "No model is in use yet" in page.text
    assert "script" not in {tag for tag, _ in page.elements}
