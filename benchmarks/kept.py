"""What a benchmark has measured already, row by row: one that was killed goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.lakehouse.mark import code_version


class Kept:
    """The rows of one benchmark, each in a file under a folder, as long as the code stays what it is.

    Args:
        place: The folder; it is made.
    """

    def __init__(self, place: Path) -> None:
        place.mkdir(parents=True, exist_ok=True)
        self._place, self._code = place, code_version()

    def once(self, name: str, measure: Callable[[], Any]) -> Any:
        """The row of a name: as it stands, or measured now and kept. What is kept can be said in JSON."""
        file = self._file(name)
        if file.exists():
            standing = json.loads(file.read_text(encoding="utf-8"))
            if standing["code"] == self._code:
                print(f"{name}: measured already, {file} has it", flush=True)
                return standing["row"]
        row = measure()
        whole = file.with_suffix(".part")
        whole.write_text(json.dumps({"code": self._code, "row": row}), encoding="utf-8")
        whole.replace(file)
        return row

    def forget(self, *names: str) -> None:
        """The next run measures these rows again."""
        for name in names:
            self._file(name).unlink(missing_ok=True)

    def forget_all(self) -> None:
        """The next run measures everything again."""
        for file in self._place.glob("*.row.json"):
            file.unlink()

    def _file(self, name: str) -> Path:
        return self._place / f"{name}.row.json"
