"""What works over Spark Connect, against a server of Spark's own, and what does not: docs/cluster.md says the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.settings import Settings
from tests.cluster.standalone import HERE, HOME, LOOPBACK, free_port, options, until_it_listens

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"
CLIENT = """
import json, os, sys
from datetime import date
os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
from pyspark.ml.recommendation import ALS
from pyspark.sql import SparkSession
from pipelines.gold import kpi_daily, purchase_days
from pipelines.lakehouse.lake import Lake

url, root, place = sys.argv[1:]
spark = SparkSession.builder.remote(url).getOrCreate()
lake = Lake(spark, root)
pairs = [(user, good, 1.0) for user in range(5) for good in range(5) if (user + good) % 2]


def built():
    inputs = {r.table.short: lake.read(r.table, lake.head(r.table).version) for r in purchase_days.TABLE.reads}
    made = purchase_days.build(**inputs, as_of=date(2024, 3, 3)).select(*purchase_days.TABLE.names)
    stands = lake.read(purchase_days.TABLE, lake.head(purchase_days.TABLE).version)
    return sorted(map(str, made.collect())) == sorted(map(str, stands.collect())) != []


def als():
    rows = spark.createDataFrame(pairs, "user int, good int, strength double")
    fitted = ALS(userCol="user", itemCol="good", ratingCol="strength", implicitPrefs=True, rank=2, maxIter=2).fit(rows)
    return fitted.itemFactors.count() == 5


tries = {
    "read": lambda: spark.read.format("delta").load(f"{root}/gold/kpi_daily").count() > 0,
    "build": built,
    "arrow_udf": lambda: spark.range(3).mapInArrow(lambda batches: batches, "id long").count() == 3,
    "plain_write": lambda: spark.range(3).write.format("delta").save(f"{place}/plain") is None,
    "als": als,
    "own_write": lambda: Lake(spark, f"{place}/lake").ensure(kpi_daily.TABLE) == 0,
    "rdd": lambda: spark.range(3).rdd is not None,
    "jvm": lambda: spark._jvm is not None,
}
told = {}
for name, attempt in tries.items():
    try:
        told[name] = attempt()
    except Exception as error:
        told[name] = str(error)[:300]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place, port = tmp_path_factory.mktemp("connect"), free_port()
    bound = (f"spark.connect.grpc.binding.port={port}", f"spark.connect.grpc.binding.address={LOOPBACK}")
    words = [*options(), *(word for pair in bound for word in ("--conf", pair)), "spark-internal"]
    with (place / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [str(HOME / "bin" / "spark-submit"), "--class", SERVER, *words],
            cwd=place, stdout=log, stderr=log, env=HERE | {"PYSPARK_PYTHON": sys.executable},
        )  # fmt: skip
        try:
            until_it_listens(server, port, place / "server.log")
            yield f"sc://{LOOPBACK}:{port}"
        finally:
            server.terminate()
            server.wait(timeout=60)


def test_what_works_and_what_does_not(by_local: Settings, url: str, tmp_path: Path) -> None:
    words = [sys.executable, "-c", CLIENT, url, by_local.lake.root, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    works = ("read", "build", "arrow_udf", "plain_write", "als")
    assert {name: told.pop(name) for name in works} == dict.fromkeys(works, True)
    assert {name: bool(why) and why is not True for name, why in told.items()} == dict.fromkeys(told, True)
    assert "DeltaCommand" in told["own_write"]
