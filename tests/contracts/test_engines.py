"""Either engine gives the same tables: the golden shop's three days by Spark, and the same days by Sail."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.settings import Settings
from tests.conftest import as_words, shop_settings
from tests.days import DATA, DAYS, contents

pytestmark = [pytest.mark.spark, pytest.mark.jvm]


@pytest.fixture(scope="module")
def by_sail(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = shop_settings(tmp_path_factory.mktemp("sail"))
    days = ("--as-of", str(DAYS[0]), "--until", str(DAYS[-1]))
    words = [str(Path(sys.executable).with_name("tillpost")), "run", *days, "--conf", "conf/base.yaml"]
    words += as_words(settings, **{"spark.engine": "sail"})
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout
    return settings


def test_both_engines_give_the_same_tables(settled_shop: Callable[[], Settings], by_sail: Settings) -> None:
    spark, sail = contents(settled_shop()), contents(by_sail)
    assert spark.keys() == {table.name for table in DATA}
    assert [name for name in spark if spark[name] != sail[name]] == []
    assert len([name for name, rows in spark.items() if rows]) > 30, "control: most of them hold rows"
