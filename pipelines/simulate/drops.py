"""Landing files out of planted records, written by the executors: the same records, the same bytes.

Records are brought together by drop day and part; a task then puts those of one file after another into a
total order and writes it (`landing_files`), so a rerun changes nothing and a killed run is finished. The order
is made there, since an engine may forget one that it was asked for before (Sail does). Which part a record
falls into is drawn from its id, so neither partitions nor cores change a byte. For each file the task gives
back what it wrote, which is the truth of faults and totals.

A file is now and then sent twice, some hours later under another name, or lands torn before it lands whole.
"""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.simulate.draws import Draws
from pipelines.simulate.landing_files import AGAIN, TORN, WRITTEN, Drop, written

PART_RECORDS = 50_000
"""Records of a part as expected; a landing file holds about so many."""

FILES_PER_TASK = 16


def write(planted: DataFrame, into: Drop, per_day: float) -> DataFrame:
    """Write the files, and give back what was written, as `WRITTEN`; an action on the result does it.

    Args:
        planted: As `faults.plant` gives it.
        into: Where to.
        per_day: Records expected on a day.
    """
    draws, parts = Draws(into.world.seed), max(1, round(per_day / PART_RECORDS))
    part = F.pmod(F.xxhash64("id"), F.lit(parts)) + 1
    files_expected = into.world.days * parts
    torn = draws.uniform(f"{into.source} file", F.col("drop_day"), F.col("part"))
    share = min(1.0, into.world.faults * 10)
    named = planted.withColumn("part", part).withColumn(
        "file_fault", F.when(torn < share / 2, F.lit(TORN)).when(torn < share, F.lit(AGAIN))
    )
    at_once = int(planted.sparkSession.conf.get("spark.sql.shuffle.partitions") or 1)
    tasks = min(files_expected, max(at_once, files_expected // FILES_PER_TASK))
    together = named.repartition(tasks, "drop_day", "part").groupBy("drop_day", "part")

    def file(records: pa.Table) -> pa.Table:
        return written(records, into)

    return together.applyInArrow(file, WRITTEN)
