"""What the tests of this folder compare with: two days of the golden shop on one machine, by Sail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.lakehouse.vault_key import ensure_key
from pipelines.settings import Settings
from tests.conftest import as_words, shop_settings
from tests.days import DAYS

REPLICATES = {"attribution.replicates": "20"}
FIRST, LAST = DAYS[0], DAYS[-1]


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A key that was brought: a cluster takes no other."""
    file = tmp_path_factory.mktemp("key") / "key.json"
    ensure_key(str(file), allow_generated=True)
    brought = json.loads(file.read_text(encoding="utf-8")) | {"generated": False}
    file.write_text(json.dumps(brought), encoding="utf-8")
    return f"vault.key_file={file}"


@pytest.fixture(scope="session")
def by_local(tmp_path_factory: pytest.TempPathFactory, key: str) -> Settings:
    """The golden shop's first day, and on top of it the last, with all that had arrived by then, by Sail."""
    settings = shop_settings(tmp_path_factory.mktemp("local"), key)
    for day in (FIRST, LAST):
        words = [str(Path(sys.executable).with_name("tillpost")), "run", "--as-of", str(day)]
        words += ["--conf", "conf/base.yaml"]
        words += as_words(settings, **{"spark.engine": "sail", "spark.shuffle_partitions": "2", **REPLICATES})
        done = subprocess.run(words, capture_output=True, text=True, timeout=900, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return settings
