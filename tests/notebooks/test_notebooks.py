"""Notebooks are committed without outputs, import the package, and run against a lake."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

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
