"""Ten questions, each one SELECT over gold, answered on the golden shop as its receipts, read by a person, say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines import query
from pipelines.errors import UsageError
from pipelines.questions import Question, find, page, questions
from pipelines.settings import Settings

ALL = [pytest.param(question, id=name) for name, question in questions().items()]
PAGE = Path("docs/questions.md").read_text(encoding="utf-8")


def test_there_are_ten_and_each_is_a_sentence() -> None:
    assert len(ALL) == 10
    assert all("?" in question.words and question.words[0].isupper() for question in questions().values())


def test_one_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="no question 'none'"):
        find("none")


@pytest.mark.parametrize("question", ALL)
def test_the_page_has_each_with_an_answer(question: Question) -> None:
    section = PAGE.split(f"`{question.name}`\n\n```sql\n")[1].split("\n## ")[0]
    assert section.startswith(question.sql), "write the page again: tillpost ask --page docs/questions.md"
    assert section.count("\n|") > 2


def test_a_page_lets_no_answer_be_markup() -> None:
    def answer(sql: str) -> tuple[list[str], list[list[Any]]]:
        return ["a"], [["<script>alert(1)</script>|x\ny"]]

    assert "<script" not in page(answer)
    assert "&lt;script>alert(1)&lt;/script>\\|x y |" in page(answer)


@pytest.mark.spark
def test_every_question_has_an_answer_in_the_golden_shop(settled_shop: Callable[[], Settings]) -> None:
    root = settled_shop().lake.root
    answers = {name: query.select(root, question.sql).to_pylist() for name, question in questions().items()}
    assert all(len(rows) <= 60 for rows in answers.values())
    kpis = query.select(
        root, "SELECT sum(net_revenue) AS revenue, sum(receipts) AS receipts FROM gold.kpi_daily"
    )
    (total,) = kpis.to_pylist()
    (month,) = answers["revenue_by_month"]
    assert (month["month"], month["revenue"]) == (date(2024, 3, 1), total["revenue"])
    assert month["receipts"] == total["receipts"]
    bought = "as_of = '2024-03-03' AND last_purchase_on IS NOT NULL"
    people = query.select(root, f"SELECT count(*) AS n FROM gold.customer_360 WHERE {bought}")
    assert sum(row["people"] for row in answers["best_customers"]) == people["n"][0].as_py() > 0
    assert sum(row["share"] for row in answers["best_customers"]) == pytest.approx(1, abs=0.01)
    cells = [row[score] for row in answers["loyalty_by_recency"] for score in "12345"]
    assert sum(cells) == people["n"][0].as_py()
    assert isinstance(answers["discounts"][0]["discount"], Decimal)
    assert answers["todays_mails"], "the golden shop has mails on its last day"
