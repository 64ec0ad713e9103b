"""`python -m pipelines.docs` writes the pages and removes those whose table is gone.

With `--check` it writes nothing, names what is stale and exits with 1. It starts no JVM: a contract is plain
data.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.catalog import TABLES
from pipelines.docs.index_page import index_page
from pipelines.docs.plan_page import plan_page
from pipelines.docs.settings_page import settings_page
from pipelines.docs.table_page import table_page

ROOT = Path("docs")


def pages() -> dict[str, str]:
    """The text of every page, by its path under `docs/`."""
    made = {f"tables/{table.name}.md": table_page(table) for table in TABLES}
    return {"plan.md": plan_page(), "settings.md": settings_page(), "tables/README.md": index_page(), **made}


def stale(root: Path) -> list[str]:
    """Paths of the pages that are missing, differ from the contracts, or have no table any more."""
    wanted = pages()
    there = [*root.glob("tables/*.md"), *root.glob("settings.md"), *root.glob("plan.md")]
    found = {file.relative_to(root).as_posix(): file.read_text(encoding="utf-8") for file in there}
    return sorted(path for path in wanted.keys() | found.keys() if wanted.get(path) != found.get(path))


def write(root: Path) -> list[str]:
    """Bring the pages up to date; gives the paths of those that changed."""
    wanted, changed = pages(), stale(root)
    (root / "tables").mkdir(parents=True, exist_ok=True)
    for path in changed:
        if path in wanted:
            (root / path).write_text(wanted[path], encoding="utf-8")
        else:
            (root / path).unlink()
    return changed


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Write the pages, or with `--check` name those that are stale; gives the exit code."""
    check = "--check" in arguments
    changed = stale(root) if check else write(root)
    for path in changed:
        print(f"{'stale' if check else 'written'}: {root / path}")
    if check and changed:
        print("Run `make docs`, and commit what it writes.", file=sys.stderr)
    return int(check and bool(changed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
