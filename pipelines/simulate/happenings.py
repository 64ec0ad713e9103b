"""Everything that happens in a world, before it is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.lakehouse import storage
from pipelines.simulate import identity_events, mail_events, mails, purchases, receipts, strangers, visits
from pipelines.simulate.goods import product_id
from pipelines.simulate.persons import persons
from pipelines.simulate.web_events import stepped
from pipelines.simulate.world import World

DAYS_PER_TASK = 5_000_000
"""Days of people that one task draws."""


@dataclass(frozen=True)
class Frames:
    """Everything that happens in a world, before it is written down."""

    people: DataFrame
    purchases: DataFrame
    caused: DataFrame
    tilled: DataFrame
    mails: DataFrame
    mail_events: DataFrame
    steps: DataFrame
    strange_steps: DataFrame
    made_known: DataFrame


@contextmanager
def happenings(spark: SparkSession, world: World, work: str) -> Iterator[Frames]:
    """All that happens, from the people's traits on.

    What many things are made of lies in a working folder while the block lasts: people, their own purchases,
    mails and what these cause, the steps of visits. It costs little, and a plan over all of it would take
    longer to make than to run.
    """

    def kept(name: str, frame: DataFrame) -> DataFrame:
        frame.write.mode("overwrite").parquet(f"{work}/{name}")
        return spark.read.schema(frame.schema.toNullable()).parquet(f"{work}/{name}")

    try:
        yield _frames(spark, world, kept)
    finally:
        storage.delete_dir(work)


def _frames(spark: SparkSession, world: World, kept: Callable[[str, DataFrame], DataFrame]) -> Frames:
    people = kept("people", persons(spark, world, partitions=_tasks(spark, world)))
    own = kept("own", purchases.own(people, world))
    planned = kept("mails", mails.planned(people, own, world))
    caused = kept("caused", purchases.caused(planned, world))
    common = [name for name in own.columns if name in caused.columns]
    bought = own.select(*common).unionByName(caused.select(*common))
    offline = bought.where(~F.col("online")).withColumn(
        "goods", F.transform("lines", lambda line: product_id(line["product"]))
    )
    came = [
        visits.buying(bought, world),
        visits.researching(offline, world),
        visits.clicking(visits.with_goods(planned, world), world),
        visits.browsing(people, world),
        visits.at_kiosks(people, world),
    ]
    return Frames(
        people=people,
        purchases=bought,
        caused=caused,
        tilled=receipts.at_tills(bought, world),
        mails=planned,
        mail_events=mail_events.events(planned, world),
        steps=kept("steps", stepped(reduce(DataFrame.unionByName, came))),
        strange_steps=stepped(strangers.passing(spark, world).unionByName(strangers.crawling(spark, world))),
        made_known=identity_events.happened(people, world),
    )


def _tasks(spark: SparkSession, world: World) -> int:
    """Tasks to draw the people's days in: as many as shuffles have, and more for a world that is large."""
    usual = int(spark.conf.get("spark.sql.shuffle.partitions") or 1)
    return max(usual, world.households * world.days // DAYS_PER_TASK)
