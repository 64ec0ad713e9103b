"""Visits of nobody known.

Passers-by, whose cookie never meets a name, and crawlers, whose user agent says what they are.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.simulate.agents import CRAWLERS, HUMANS
from pipelines.simulate.clock import HOUR, instant
from pipelines.simulate.draws import Draws, at, choice, poisson
from pipelines.simulate.goods import ALWAYS_SOLD, CATEGORIES, product_at, product_id
from pipelines.simulate.visit import COLUMNS, SOURCE_WEIGHTS, SOURCES, each_day, step
from pipelines.simulate.world import World

PASSING = 0.03
"""Passers-by a day and household, times `world.web`."""

HOUSEHOLDS_PER_CRAWLER, CRAWLED_PAGES = 200, 40
"""Crawlers there are, and how many pages each opens a day; both times `world.web`, at least one crawler of any."""


def passing(spark: SparkSession, world: World) -> DataFrame:
    """Passers-by, as `visits.COLUMNS`: one visit each, under a cookie of its own."""
    draws, passer = Draws(world.seed), F.col("id")
    ids = (passer, F.lit(0))
    pages = F.sequence(F.lit(1).cast("long"), poisson(draws.uniform("passing pages", *ids), 1.0) + 1)
    category = draws.below(len(CATEGORIES), "passing category", *ids)
    passers = spark.range(round(PASSING * world.web * world.households * world.days))
    made = passers.withColumn("day", draws.below(world.days, "passing day", *ids)).withColumns(
        {
            "category": category,
            "agent": at(HUMANS, draws.below(len(HUMANS), "passing agent", *ids)),
            "source": at(SOURCES, choice(draws.uniform("passing source", *ids), SOURCE_WEIGHTS)),
            "cookie": draws.token("passing cookie", *ids),
            "visit": draws.token("passing visit", *ids),
            "started_at": instant(world, F.col("day"), draws.below(24 * HOUR, "passing second", *ids)),
        }
    )
    viewed = F.transform(
        pages,
        lambda n: step("product_view", product=product_id(product_at(F.col("category"), n % ALWAYS_SOLD))),
    )
    return _nobody(made.withColumn("steps", viewed))


def crawling(spark: SparkSession, world: World) -> DataFrame:
    """Crawlers' visits, as `visits.COLUMNS`: one a day each, page by page."""
    draws = Draws(world.seed)
    ids = (F.col("crawler"), F.col("day"))
    per_day = round(CRAWLED_PAGES * max(world.web, 1.0))
    made = each_day(crawlers(spark, world), world).withColumns(
        {
            "source": F.lit("direct"),
            "visit": draws.token("crawl", *ids),
            "started_at": instant(world, F.col("day"), draws.below(20 * HOUR, "crawl second", *ids)),
            "steps": F.transform(
                F.sequence(F.lit(1).cast("long"), F.lit(per_day).cast("long")),
                lambda n: step(
                    "product_view", product=product_id(draws.below(world.products, "crawled", *ids, n))
                ),
            ),
        }
    )
    return _nobody(made)


def crawlers(spark: SparkSession, world: World) -> DataFrame:
    """One row per crawler: `crawler`, its `cookie` and its `agent`; none where the world has no web."""
    draws = Draws(world.seed)
    count = -(-world.households // HOUSEHOLDS_PER_CRAWLER) if world.web else 0
    return spark.range(count).select(
        F.col("id").alias("crawler"),
        draws.token("crawler's cookie", F.col("id")).alias("cookie"),
        at(CRAWLERS, F.col("id") % len(CRAWLERS)).alias("agent"),
    )


def _nobody(visits: DataFrame) -> DataFrame:
    """`COLUMNS`, of which those that a person alone has are null."""
    nothing = {name: F.lit(None).cast("string") for name in COLUMNS if name not in visits.columns}
    absent = {**nothing, "person": F.lit(None).cast("long"), "signs_in": F.lit(False)}
    return visits.withColumns(absent).select(*COLUMNS)
