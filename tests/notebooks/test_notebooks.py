"""Notebooks are committed without outputs, import the package, and run against a lake."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from pipelines.query import select
from pipelines.settings import Settings
from tests.notebooks import lake

FOLDER = Path("notebooks")
ALL = [pytest.param(path, id=path.stem) for path in sorted(FOLDER.glob("*.ipynb"))]


def read(path: Path) -> NotebookNode:
    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


@pytest.mark.parametrize("path", ALL)
def test_no_outputs_are_committed(path: Path) -> None:
    code = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert code
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


@pytest.mark.parametrize("path", ALL)
def test_links_from_notebooks_lead_somewhere(path: Path) -> None:
    text = "".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    assert [t for t in re.findall(r"\]\(([^)#]+)", text) if not (FOLDER / t).exists()] == []


def executed(name: str, root: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    """What a notebook prints on a lake, and how many charts it draws."""
    monkeypatch.setenv("TILLPOST__LAKE__ROOT", root)
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    notebook = read(FOLDER / f"{name}.ipynb")
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(FOLDER)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    printed = "".join(
        output["text"]
        for output in outputs
        if output["output_type"] == "stream" and output["name"] == "stdout"
    )
    return printed, sum("image/svg+xml" in output.get("data", {}) for output in outputs)


@pytest.mark.spark
def test_customer_360_shows_a_person_of_the_lake(
    settled_shop: Callable[[], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = settled_shop().lake.root
    printed, charts = executed("customer_360", root, monkeypatch)
    (shown,) = re.findall(r"^Person (\w+)$", printed, re.MULTILINE)
    people = select(root, "SELECT DISTINCT person_id FROM gold.customer_360")["person_id"].to_pylist()
    assert shown in people
    assert charts == 2


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> str:
    return lake.make(tmp_path_factory.mktemp("by_hand"))


@pytest.mark.system
def test_what_als_learned_tells_taste_from_fame(by_hand: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody's goods are of their own kind, and the next person in the list is of the other."""
    printed, charts = executed("what_als_learned", by_hand, monkeypatch)
    assert "40 people are recommended 8 different goods; 12 were ever bought" in printed
    assert "100.0% of the recommendations are in a favourite category, by their own favourites" in printed
    assert "0.0% of the recommendations are in a favourite category, by somebody else's favourites" in printed
    assert charts == 2


@pytest.mark.system
def test_replenishment_is_asked_two_weeks_ago(by_hand: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight goods a person, bought about every nine days: within fourteen most are bought again."""
    printed, charts = executed("replenishment_calibration", by_hand, monkeypatch)
    assert "320 habits, as of 2024-04-17" in printed
    found = re.findall(r"within (\d+) days: foreseen ([\d.]+)%, bought ([\d.]+)%", printed)
    foreseen = {int(days): (float(chance), float(share)) for days, chance, share in found}
    assert foreseen.keys() == {7, 14}
    assert foreseen[7][1] < foreseen[14][1] < 100.0
    assert all(abs(chance - share) < 15 for chance, share in foreseen.values())
    assert charts == 2


@pytest.mark.system
def test_interest_finds_the_buyers_that_the_form_does_not_name(
    by_hand: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twenty even people buy baby food before and after; the form names ten of them."""
    printed, charts = executed("interest_against_crm", by_hand, monkeypatch)
    assert "40 people, 20 buy in the 56 days after" in printed
    assert "interest: 20 of 20; CRM: 10 of 10; neither: 0 of 20" in printed
    assert charts == 2


@pytest.mark.system
def test_attribution_stands_beside_what_a_lot_shows(by_hand: str, monkeypatch: pytest.MonkeyPatch) -> None:
    printed, charts = executed("attribution_and_experiment", by_hand, monkeypatch)
    assert "2 models, 2 channels" in printed
    assert "2 arms, 2 of them drawn by lot" in printed
    assert charts == 3
