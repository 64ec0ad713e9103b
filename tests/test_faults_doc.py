"""docs/faults.md names tests that there are, and leaves out none of `tests/faults/`."""

from __future__ import annotations

import re
from pathlib import Path

TEXT = Path("docs/faults.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", TEXT))


def _tests_of(path: Path) -> set[str]:
    return set(re.findall(r"^ *def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_named_test_is_there() -> None:
    assert len(NAMED) > 20
    for path, name in NAMED:
        assert name in _tests_of(Path(path)), f"{path}::{name}"


def test_every_module_of_fault_tests_is_named() -> None:
    assert {str(path) for path in Path("tests/faults").glob("test_*.py")} <= {path for path, _ in NAMED}


def test_every_fault_has_a_test_and_a_control() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "`tests/" in line]
    for row in rows:
        fault, test, control = (cell.strip() for cell in row.strip("|").split("|"))
        assert fault
        assert "::test_" in test
        assert control
