"""The dashboard in a browser: what is picked is added up as the package adds it, and everybody can use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.publish.dashboard_page import dashboard_page
from pipelines.publish.page import Page, render_page
from pipelines.publish.report import render
from tests.browser import axe, told, widths
from tests.publish.dashboard_case import ABOUT, FIRST, figures, models
from tests.publish.report_case import HOSTILE, case

pytestmark = pytest.mark.system

AXE = """setTimeout(() => axe.run().then(found => tell([matchMedia("(prefers-color-scheme: dark)").matches,
  found.violations.map(each => [each.id, each.nodes.map(node => node.html.slice(0, 200))]),
  found.passes.length])), 3000);"""
"""Once the charts are drawn."""
READ = """for (const [name, value] of Object.entries(PICKED)) form.elements[name].value = value;
form.dispatchEvent(new Event("change"));
const cells = row => [...row.cells].map(cell => cell.textContent);
Promise.all(Object.values(views)).then(() => setTimeout(() => tell({
  ran: document.title, said: document.getElementById("picked").textContent,
  tables: Object.fromEntries([...document.querySelectorAll("[data-cube]")].map(place =>
    [place.dataset.cube, [...place.querySelectorAll("tbody tr")].map(cells)])),
  tiles: [...document.querySelectorAll("[data-cube=revenue] .figure")].map(each => each.textContent),
  bars: document.querySelectorAll("[data-chart=revenue] path[aria-roledescription=bar]").length,
}), 500));"""


@pytest.fixture(scope="module")
def page() -> Page:
    return dashboard_page(figures(), models(), ABOUT)


def expected(page: Page, **words: str) -> dict[str, Any]:
    """The tables of the rows whose words are these; `day` is the first day that is kept."""
    tests = {
        name: (lambda found, word=word: found >= word)
        if name == "day"
        else (lambda found, word=word: found == word)
        for name, word in words.items()
    }
    cubes = {section.name: section.cube for section in page.sections if section.cube}
    tables = {name: cube.table(ABOUT.currency, cube.picked(tests)) for name, cube in cubes.items()}
    return {name: [list(row) for row in rows] for name, rows in tables.items()}


@pytest.mark.parametrize(
    ("picked", "words", "bars"),
    [
        ({}, {}, 2),
        ({"shop": "Shop S1", "day_from": "2024-03-10"}, {"shop": "Shop S1", "day": "2024-03-10"}, 1),
        ({"channel": "Email"}, {"channel": "Email"}, 2),
        ({"trigger": HOSTILE, "shop": "No shop"}, {"trigger": HOSTILE, "shop": "No shop"}, 1),
    ],
    ids=["all", "a shop from a day on", "a channel", "nothing is left"],
)
def test_what_is_picked_is_what_the_package_adds_up(
    page: Page, tmp_path: Path, picked: dict[str, str], words: dict[str, str], bars: int
) -> None:
    script = READ.replace("PICKED", json.dumps(picked).replace("</", "<\\/"))
    shown = told(render_page(page), f'window.alert = () => {{ document.title = "ran"; }};{script}', tmp_path)
    assert shown["tables"] == expected(page, **words)
    assert shown["bars"] == bars
    assert shown["tiles"][0] == (shown["tables"]["revenue"] or [["", "€0.00"]])[-1][1]
    assert shown["said"].startswith(f"Shown: {picked.get('day_from', FIRST)} to 2024-03-10, ")
    assert shown["ran"] != "ran"


@pytest.mark.parametrize("width", [500, 1280])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(page: Page, tmp_path: Path, width: int, dark: bool) -> None:
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    is_dark, violations, passes = told(
        render_page(page), AXE, tmp_path, f"--window-size={width},900", scheme, before=axe()
    )
    assert is_dark == dark
    assert violations == []
    assert passes > 20, "control: it looked at something"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_in_the_report(tmp_path: Path, dark: bool) -> None:
    """One of its metrics has no intervals."""
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    is_dark, violations, passes = told(render(case()), AXE, tmp_path, scheme, before=axe())
    assert is_dark == dark
    assert violations == []
    assert passes > 20, "control: it looked at something"


def test_axe_would_find_what_is_missing(page: Page, tmp_path: Path) -> None:
    spoiled = render_page(page).replace('<html lang="en">', "<html>").replace("<label>Shop ", "<label>")
    _, violations, _ = told(spoiled, AXE, tmp_path, before=axe())
    assert {"html-has-lang", "select-name"} <= {name for name, _ in violations}


def test_on_a_phone_nothing_sticks_out(page: Page, tmp_path: Path) -> None:
    scrolled, seen = widths(render_page(page), tmp_path, 360)
    assert scrolled <= seen <= 360
