"""Gold by SQL from Spark's own programs: the Thrift server over JDBC, asked by beeline, and the SQL shell."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines import query
from pipelines.settings import Settings
from tests.cluster.standalone import HERE, HOME, LOOPBACK, free_port, options, until_it_listens

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

SERVER = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server for the time of the tests, ended by its own process id; its metastore lies where it runs."""
    place, port = tmp_path_factory.mktemp("thrift"), free_port()
    bound = [("thrift.bind.host", LOOPBACK), ("thrift.port", str(port))]
    hive = [word for key, value in bound for word in ("--hiveconf", f"hive.server2.{key}={value}")]
    command = [str(HOME / "bin" / "spark-submit"), "--class", SERVER, *options(), "spark-internal", *hive]
    with (place / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=place, stdout=log, stderr=log, env=HERE)
        try:
            until_it_listens(server, port, place / "server.log")
            yield f"jdbc:hive2://{LOOPBACK}:{port}"
        finally:
            server.terminate()
            server.wait(timeout=60)


def table(settings: Settings, name: str) -> str:
    return f"delta.`{settings.lake.root}/{name.replace('.', '/')}`"


def test_beeline_asks_gold_over_jdbc(by_local: Settings, url: str) -> None:
    """By path, and by name where somebody gave it one; with the comments of the contract."""
    asked = "SELECT count(*) AS days, sum(net_revenue) AS revenue, max(purchased_on) AS last FROM"
    statements = (
        f"{asked} {table(by_local, 'gold.kpi_daily')}",
        "CREATE SCHEMA gold",
        f"CREATE TABLE gold.kpi_daily USING delta LOCATION '{by_local.lake.root}/gold/kpi_daily'",
        f"{asked} gold.kpi_daily",
        "DESCRIBE gold.kpi_daily",
    )
    words = ["-u", url, "-n", "analyst", "--silent=true", "--outputformat=csv2", "-e", "; ".join(statements)]
    done = subprocess.run(
        [str(HOME / "bin" / "beeline"), *words], capture_output=True, text=True, timeout=240, env=HERE, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    expected = query.select(by_local.lake.root, f"{asked} gold.kpi_daily").to_pylist()[0]
    told = [line for line in csv.reader(done.stdout.splitlines()) if line]
    answers = [line for line in told if line == [str(value) for value in expected.values()]]
    assert len(answers) == 2, done.stdout
    assert ["purchased_on", "date", "Business day"] in told


def test_the_shell_reads_what_sail_wrote(by_local: Settings, tmp_path: Path) -> None:
    names = ("gold.customer_360", "gold.send_decisions", "gold.attribution")
    counts: dict[str, Any] = {
        name: query.select(by_local.lake.root, f"SELECT count(*) AS n FROM {name}").to_pylist()[0]["n"]
        for name in names
    }
    asked = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {table(by_local, name)}" for name in names)
    done = subprocess.run(
        [str(HOME / "bin" / "spark-sql"), *options(), "-S", "-e", asked],
        capture_output=True, text=True, timeout=300, env=HERE, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert {tuple(line.split("\t")) for line in done.stdout.splitlines()} == {
        (name, str(count)) for name, count in counts.items()
    }
    assert min(counts.values()) > 0
