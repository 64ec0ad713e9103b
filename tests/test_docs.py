"""The committed pages are those that the contracts give, and leave nothing out."""

from __future__ import annotations

import doctest
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from pipelines.catalog import TABLES
from pipelines.docs import __main__ as docs
from pipelines.docs import index_page, markdown, settings_page
from pipelines.flow import FLOW
from pipelines.lakehouse.table import Table
from pipelines.settings import Settings

PAGES = docs.pages()
ALL = [pytest.param(table, id=table.name) for table in TABLES]
BASE = Path("conf/base.yaml").read_text(encoding="utf-8")


def keys() -> Iterator[str]:
    schema = Settings.model_json_schema()
    for section, reference in schema["properties"].items():
        for name in schema["$defs"][reference["$ref"].rsplit("/", 1)[-1]]["properties"]:
            yield f"{section}.{name}"


def test_the_committed_pages_are_up_to_date() -> None:
    assert docs.stale(docs.ROOT) == [], "run `make docs`"


@pytest.mark.parametrize("table", ALL)
def test_a_page_names_every_column_input_and_rule(table: Table) -> None:
    page = PAGES[f"tables/{table.name}.md"]
    for column in table.columns:
        assert f"| `{column.name}` | `{column.type.simpleString()}` |" in page
    for read in table.reads:
        assert f"]({read.table.name}.md) |" in page
    for rule in table.expect:
        assert rule.says in page
    for path in table.params:
        assert f"`{path}`" in page


def test_the_index_and_the_picture_hold_every_table_and_every_arrow() -> None:
    index = PAGES["tables/README.md"]
    assert [table.name for table in TABLES if f"[`{table.name}`]" not in index] == []
    assert {table.layer for table in TABLES} <= index_page.LAYERS.keys()
    for step in FLOW:
        for read in step.table.reads:
            assert f"{read.table.name.replace('.', '_')} --> {step.table.name.replace('.', '_')}\n" in index


def links() -> list[tuple[Path, str]]:
    pages = [Path("README.md"), Path("CONTRIBUTING.md"), *sorted(Path("docs").rglob("*.md"))]
    found = ((page, re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))) for page in pages)
    return [(page, target) for page, targets in found for target in targets if "://" not in target]


def test_links_lead_somewhere() -> None:
    assert [f"{page}: {target}" for page, target in links() if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("key", list(keys()))
def test_the_page_of_the_settings_holds_every_key(key: str) -> None:
    assert f"| `{key}` |" in PAGES["settings.md"]


def test_no_comment_of_the_settings_file_is_lost() -> None:
    behind = [line for line in BASE.splitlines() if re.search(r"\S\s+#", line) and not line.startswith("#")]
    assert len(behind) == len(set(settings_page.comments_of(BASE).values()))


def test_what_is_stale_is_named_written_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert docs.main([], tmp_path) == 0
    assert docs.main(["--check"], tmp_path) == 0
    capsys.readouterr()
    (tmp_path / "tables" / "gold.customer_360.md").write_text("old")
    (tmp_path / "tables" / "gold.gone.md").write_text("a table that is no more")
    (tmp_path / "settings.md").unlink()
    assert docs.main(["--check"], tmp_path) == 1
    named = capsys.readouterr().out
    assert all(page in named for page in ("gold.customer_360.md", "gold.gone.md", "settings.md"))
    assert len(docs.write(tmp_path)) == 3
    assert docs.stale(tmp_path) == []
    assert not (tmp_path / "tables" / "gold.gone.md").exists()


@pytest.mark.parametrize("module", [markdown, settings_page], ids=lambda module: module.__name__)
def test_the_examples_in_docstrings_hold(module: ModuleType) -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted
    assert not outcome.failed
