"""Two days on a real standalone cluster by Spark, an executor killed in the second, give the tables of local Sail.

Needs `make dist` (`make test-system` does it): the executors work in the packed environment, not in this one.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.settings import Settings
from tests.cluster.conftest import FIRST, LAST, REPLICATES
from tests.cluster.standalone import Cluster, standalone
from tests.conftest import as_words, shop_settings
from tests.days import DATA, contents

pytestmark = [pytest.mark.system, pytest.mark.timeout(2400)]

STAGES = ("ingest", "refine", "build", "score", "publish")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with standalone(tmp_path_factory.mktemp("cluster")) as running:
        yield running


def submitted(
    cluster: Cluster, settings: Settings, job: str, day: date, *, packed: bool
) -> subprocess.Popen[str]:
    # Two cores are what the cluster has; the golden shop's landed files are all old, and other tests read them.
    sets = {
        "spark.shuffle_partitions": "2",
        "spark.conf": '{"spark.databricks.delta.snapshotPartitions": "1"}',
        "landing.retention_days": "null",
        **REPLICATES,
    }
    return cluster.submit(job, "--as-of", str(day), *as_words(settings, **sets), packed=packed)


def ended(
    run: subprocess.Popen[str], cluster: Cluster, at: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Reads what a job says, line by line, to its end; gives the line for machines."""
    assert run.stdout is not None
    lines = []
    try:
        for line in run.stdout:
            lines.append(line)
            at(line)
        code = run.wait(timeout=60)
    finally:
        run.kill()
    assert code == 0, "".join(lines)[-4000:] + cluster.logs()
    closing: dict[str, Any] = next(json.loads(x) for x in reversed(lines) if x.startswith('{"tillpost"'))
    return closing


def test_a_cluster_that_loses_an_executor_gives_the_same_tables(
    cluster: Cluster, by_local: Settings, key: str, tmp_path: Path
) -> None:
    settings = shop_settings(tmp_path, key)
    begun: list[float] = []

    def strike(line: str) -> None:
        """Kill -9 one of the two executors as gold is begun."""
        if '"stage_began"' not in line:
            return
        begun.append(time.monotonic())
        if json.loads(line)["stage"] == "build":
            cluster.executors()[0].kill()

    ended(submitted(cluster, settings, "run", FIRST, packed=False), cluster)
    started = time.monotonic()
    closing = ended(submitted(cluster, settings, "run", LAST, packed=False), cluster, strike)
    print(f"start-up to first stage {begun[0] - started:.1f} s, the day {closing['seconds']:.1f} s")
    assert len(begun) == len(STAGES)
    assert closing["outcome"] == "done"
    assert closing["as_of"] == [str(LAST)]
    local, there = contents(by_local), contents(settings)
    assert there.keys() == {table.name for table in DATA}
    assert [name for name in local if local[name] != there[name]] == []
    assert len([name for name, rows in there.items() if rows]) > 30, "control: most of them hold rows"


def test_the_packed_environment_is_all_that_an_executor_needs(
    cluster: Cluster, by_local: Settings, key: str, tmp_path: Path
) -> None:
    """Framing and sealing run in Python on the executors, with native packages."""
    settings = shop_settings(tmp_path, key)
    closing = ended(submitted(cluster, settings, "ingest", LAST, packed=True), cluster)
    assert closing["tables"]["written"] > 5
    bronze = tuple(table for table in DATA if table.layer == "bronze")
    # One run's batch, where the other had two.
    assert contents(settings, bronze, without=("batch",)) == contents(by_local, bronze, without=("batch",))
