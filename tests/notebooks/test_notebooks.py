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


@pytest.mark.spark
def test_customer_360_shows_a_person_of_the_lake(
    settled_shop: Callable[[], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = settled_shop().lake.root
    monkeypatch.setenv("TILLPOST__LAKE__ROOT", root)
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    notebook = read(FOLDER / "customer_360.ipynb")
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(FOLDER)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    printed = "".join(output["text"] for output in outputs if output["output_type"] == "stream")
    (shown,) = re.findall(r"^Person (\w+)$", printed, re.MULTILINE)
    people = select(root, "SELECT DISTINCT person_id FROM gold.customer_360")["person_id"].to_pylist()
    assert shown in people
    assert sum("image/svg+xml" in output.get("data", {}) for output in outputs) == 2
