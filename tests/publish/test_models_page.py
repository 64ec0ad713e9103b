"""The report on models: the champion beside simple rankings, the gate's words, and the versions it learned from."""

from __future__ import annotations

import re
from datetime import date

from pipelines.lakehouse.tracking import ModelVersion
from pipelines.lakehouse.tracking_versions import Held
from pipelines.models.als.evaluate import Interval, Quality
from pipelines.publish.models_page import ModelFigures, models_page
from pipelines.publish.page import About, render_page

ABOUT = About(date(2024, 3, 10), "EUR", "455a07ca3eef", {"gold.product_days": 3})


def quality(model: str, mean: float) -> Quality:
    return Quality("new", model, Interval(mean, mean - 0.01, mean + 0.01), Interval(mean, mean, mean), 1_200)


def test_the_champion_stands_beside_the_best_ranking_with_what_it_learned_from() -> None:
    version = ModelVersion("als", 3, "run-7", date(2024, 3, 9), {})
    figures = ModelFigures(
        held=[Held(version, "champion", "explore 0.1000: above popularity."), Held(version, "refused", "")],
        inputs={"als/3": {"gold.product_days": 12}},
        als=[quality("als", 0.1), quality("popularity", 0.05), quality("popularity in own categories", 0.07)],
        tables={"next_purchase": [
            {"model": "next_purchase", "persons": 900, "recall_at_10": 0.3, "ndcg_at_10": 0.2, "repeat": 0.4,
             "gain": ""},
            {"model": "TREx-repeat", "persons": 900, "recall_at_10": 0.2, "ndcg_at_10": 0.1, "repeat": 0.3,
             "explore": 0.0, "gain": "+0.1000 [+0.0900, +0.1100]"},
        ], "related": [
            {"model": "related", "cases": 5_000, "hit_at_10": 0.15, "gain": ""},
            {"model": "item-kNN", "cases": 5_000, "hit_at_10": 0.12, "gain": "+0.0300 [+0.0200, +0.0400]"},
        ]},
    )  # fmt: skip
    page = models_page(figures, ABOUT)
    assert page.headline.endswith(
        "clearly above the best simple ranking (popularity in own categories): nDCG@10 0.1000 against 0.0700."
    )
    rows = {section.name: section.rows for section in page.sections}
    assert rows["versions"][0][3:] == (
        "explore 0.1000: above popularity.",
        "run-7",
        "gold.product_days version 12",
    )
    assert rows["next_purchase"][0][-2:] == ("–", "–")
    assert rows["next_purchase"][1][-1] == "+0.1000 [+0.0900, +0.1100]"
    assert rows["related"][1] == ("item-kNN", "5,000", "0.1200", "+0.0300 [+0.0200, +0.0400]")
    assert rows["als"][0][2:4] == ("1,200", "0.1000 [0.0900, 0.1100]")


def test_a_model_that_the_gate_refused_is_shown_with_its_words() -> None:
    version = ModelVersion("chains", 1, "run-8", date(2024, 3, 9), {})
    refused = Held(version, "refused", "explore -0.0100, not above share of the step with 0.0100.")
    table = [
        {"model": "chains", "cases": 95, "auc": 0.5, "brier": 0.06, "calibration_error": 0.1, "skill": -0.01}
    ]
    figures = ModelFigures([refused], {}, (), {"chains": table}, {"chains": refused})
    sections = {section.name: section for section in models_page(figures, ABOUT).sections}
    assert list(sections) == [
        *("als", "next_purchase", "related", "replenishment", "chains", "new_arrivals", "first_visit"),
        "versions",
    ]
    chains = sections["chains"]
    assert chains.said == (
        "chains/1 is not used, by the gate: explore -0.0100, not above share of the step with 0.0100.",
    )
    assert chains.rows[0][:2] == ("chains", "95")
    assert "run-8" in str(chains.command)
    assert sections["new_arrivals"].rows == ()


def test_without_a_model_the_page_says_so() -> None:
    page = models_page(ModelFigures([], {}, (), {}), ABOUT)
    assert page.headline.startswith("No trained model may be used on this date")
    body = render_page(page).split("<main>")[1]
    assert not {"nan", "none"} & set(re.findall(r"[a-z]+", body.lower()))
