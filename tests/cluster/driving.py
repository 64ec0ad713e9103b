"""A driver that works on so many rows and on four times as many, and says what it held at most: see test_driver_memory.

`python -m tests.cluster.driving MASTER` prints a line of JSON for each piece of work and size: `work`, `rows`,
`jvm_mb` (the heap in use behind a full collection, looked at each half second) and `python_mb` (the most that was
resident), both above what was there as the work began.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Event, Thread

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.identity.labels import components
from pipelines.lakehouse.session import spark_session, stop
from pipelines.models.als.train import AlsParams
from pipelines.models.als.train import fit as fit_als
from pipelines.models.receipts import sampled
from pipelines.models.related.train import RelatedParams
from pipelines.models.related.train import fit as fit_related
from pipelines.publish.rows import rows_of
from pipelines.settings import load
from tests.cluster.standalone import DRIVER_MB

ROWS, TIMES = 100_000, 4
LINES_A_PERSON, LINES_A_RECEIPT, GOODS = 40, 2, 200
MOST = 100_000
"""What the settings let the driver take; here of either size a part."""
AS_OF = date(2024, 3, 1)
ALS = AlsParams(
    rank=32, iterations=1, reg_param=0.05, alpha=3.0, half_life_days=30, min_item_buyers=5, seed=7
)


@dataclass
class Held:
    """The most that the driver held above what it held at the start, in MB."""

    jvm_mb: float = 0.0
    python_mb: float = 0.0


def lines(spark: SparkSession, rows: int) -> DataFrame:
    """Receipt lines of so many people that each has as many, whatever their number; receipts lie ten days apart."""
    number = F.col("id")
    receipt = (number / LINES_A_RECEIPT).cast("long")
    return spark.range(rows, numPartitions=rows // 25_000).select(
        F.concat(F.lit("customer-"), (number / LINES_A_PERSON).cast("long")).alias("customer_id"),
        F.concat(F.lit("receipt-of-the-shop-"), receipt).alias("basket_id"),
        F.date_add(F.lit(date(2023, 10, 1)), (receipt % 10 * 10).cast("int")).alias("purchased_at"),
        F.concat(F.lit("good-"), F.pmod(F.xxhash64(number), F.lit(GOODS))).alias("product_id"),
        F.lit(1.0).alias("quantity"),
    )


def related(known: DataFrame) -> None:
    fit_related(known, as_of=AS_OF, params=RelatedParams(driver_rows=1))


def als(known: DataFrame) -> None:
    pairs = known.select(
        F.col("customer_id").alias("person_id"),
        "product_id",
        F.lit(1.0).alias("strength"),
        F.col("purchased_at").alias("last_purchased_on"),
    )
    fit_als(pairs, ALS, as_of=AS_OF, driver_rows=0)


def identity(known: DataFrame) -> None:
    other = F.concat(F.lit("cookie-"), F.pmod(F.xxhash64("basket_id", "product_id"), F.lit(10**6)))
    components(
        known.select(F.col("basket_id").alias("left"), other.alias("right")), driver_edges=MOST
    ).count()


def sample(known: DataFrame) -> None:
    sampled(known, MOST)


def export(known: DataFrame) -> None:
    assert sum(1 for _ in rows_of(known)) >= MOST


WORK: dict[str, Callable[[DataFrame], object]] = {
    "identity": identity,
    "sample": sample,
    "export": export,
    "related": related,
    "als": als,
    "control": lambda known: known.collect(),
}
"""By name; the last is what none of them may do."""


@contextmanager
def watched(spark: SparkSession) -> Iterator[Held]:
    """What is held while the block lasts."""
    held, over = Held(), Event()
    java = spark.sparkContext._jvm.java.lang

    def used() -> float:
        java.System.gc()
        runtime = java.Runtime.getRuntime()
        return (runtime.totalMemory() - runtime.freeMemory()) / 2**20

    def look() -> None:
        held.jvm_mb = max(held.jvm_mb, used() - before)

    def resident(most: str) -> float:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(re.findall(rf"{most}:\s+(\d+) kB", status)[0]) / 1024

    def watch() -> None:
        while not over.wait(0.5):
            look()

    before, stood = used(), resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    watching = Thread(target=watch)
    watching.start()
    try:
        yield held
    finally:
        over.set()
        watching.join()
        look()
        held.python_mb = resident("VmHWM") - stood


def main(master: str) -> None:
    """All work on few rows, then all on many."""
    here = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
    }
    small = {"spark.executor.memory": "768m", "spark.executor.cores": "1", "spark.locality.wait": "0"}
    settings = load(sets=[f"spark.master={master}", f"spark.driver_memory={DRIVER_MB}m"]).spark
    spark = spark_session(settings.model_copy(update={"conf": here | small}), app_name="driver's memory")
    try:
        for rows in (ROWS, TIMES * ROWS):
            known = lines(spark, rows)
            for name, work in WORK.items():
                with watched(spark) as held:
                    work(known)
                print(json.dumps({"work": name, "rows": rows, **vars(held)}), flush=True)
    finally:
        stop(spark)


if __name__ == "__main__":
    main(sys.argv[1])
