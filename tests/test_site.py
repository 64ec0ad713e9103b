"""The documentation site: every page of docs/ is in its menu, and the menu leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

MENU = Path("mkdocs.yml").read_text(encoding="utf-8").split("nav:")[1]
DOCS = Path("docs")


def test_the_menu_and_the_folder_agree() -> None:
    named = set(re.findall(r"[\w/]+\.md", MENU))
    pages = {file.name for file in DOCS.glob("*.md")}
    assert {name for name in named if "/" not in name} == pages
    assert all((DOCS / name).is_file() for name in named)


def test_the_glossary_is_in_order() -> None:
    rows = re.findall(r"^\| \*\*(.+?)\*\*", (DOCS / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) > 25
    assert [row.lower() for row in rows] == sorted(row.lower() for row in rows)
