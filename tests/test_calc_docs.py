"""Every number in the pages on attribution and experiments is what the code gives."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from pipelines.attribution_file import read
from pipelines.calc.attribution import MODELS
from pipelines.calc.attribution.transforms import TRANSFORMS

ATTRIBUTION = Path("docs/attribution.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["attribution", "experiments"])
def test_the_examples_of_the_page_hold(page: str) -> None:
    outcome = doctest.testfile(
        str(Path(f"docs/{page}.md").resolve()), module_relative=False, encoding="utf-8"
    )
    assert outcome.attempted
    assert not outcome.failed


def test_every_model_and_transform_stands_on_the_page() -> None:
    assert [name for name in (*MODELS, *TRANSFORMS) if f"`{name}`" not in ATTRIBUTION] == []


def test_the_file_on_the_page_can_be_read(tmp_path: Path) -> None:
    [example] = ATTRIBUTION.split("```csv\n")[1:]
    (tmp_path / "paths.csv").write_text(example.split("```")[0], encoding="utf-8")
    assert len(read(tmp_path / "paths.csv")) == 3
