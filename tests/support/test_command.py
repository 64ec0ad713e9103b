"""`tillpost person` as a whole command: it answers while a customer waits, and loads nothing that only a run needs."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable

import pytest

from pipelines.settings import Settings
from tests.conftest import as_words

pytestmark = pytest.mark.spark

CALLED = """
import json, sys
from pipelines.cli import main
try:
    main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "asked", [("--card", "C1"), ("--email", "anna@example.com"), ("--phone", "(212) 555-0123")]
)
def test_the_command_answers_within_two_seconds_and_loads_no_spark(
    settled_shop: Callable[[], Settings], asked: tuple[str, str]
) -> None:
    words = [sys.executable, "-c", CALLED, "person", *asked, *as_words(settled_shop())]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = subprocess.run(words, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "anna@example.com" in found.stdout
    loaded = set(json.loads(found.stderr.splitlines()[-1]))
    assert "deltalake" in loaded, "control: it read the lake"
    assert loaded & {"pyspark", "py4j", "pysail", "scipy", "mlflow", "lightgbm"} == set()
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert seconds < 2, "of processor time: a machine that does other things besides takes longer"
