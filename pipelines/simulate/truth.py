"""The truth of a world, made from the same draws as its files.

Each function gives one table of `truth_tables`.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pipelines.lakehouse.types import MONEY
from pipelines.simulate.baskets import WEIGHTS
from pipelines.simulate.clock import date_of, within
from pipelines.simulate.draws import Draws, at
from pipelines.simulate.faults import ACCEPTED, DUPLICATE, REFUSED, SUPERSEDED
from pipelines.simulate.goods import CATEGORIES, DIAPERS, FEEDING, SIZES, category_name, product_id, sized
from pipelines.simulate.habits import SIZE_DAYS, feeding_day
from pipelines.simulate.strangers import crawlers
from pipelines.simulate.visits import THIRD_SHARE
from pipelines.simulate.world import World


def interests(people: DataFrame) -> DataFrame:
    """`truth.interests`: what `baskets.chosen_category` and `visits.browsing` draw by."""
    first, second, rest = WEIGHTS
    each = people.withColumn("category", F.explode(F.sequence(F.lit(0), F.lit(len(CATEGORIES) - 1))))
    category, other = F.col("category"), rest / len(CATEGORIES)
    bought = (
        F.when(category == F.col("first"), first + 2 * other)
        .when(category == F.col("second"), second + other)
        .when(category == F.col("third"), 0.0)
        .otherwise(other)
    )
    browsed = bought * (1 - THIRD_SHARE) + F.when(category == F.col("third"), THIRD_SHARE).otherwise(0.0)
    replenished = F.when(
        (category == F.col("first")) & F.col("cycle_0").isNotNull()
        | (category == F.col("second")) & F.col("cycle_1").isNotNull(),
        "replenishing",
    )
    stage = F.when(category == F.col("third"), F.col("third_stage")).when(
        category.isin(F.col("first"), F.col("second")), F.coalesce(replenished, F.lit("bought"))
    )
    return each.select(
        "person",
        category_name(category).alias("category"),
        bought.alias("purchase_weight"),
        browsed.alias("browse_weight"),
        stage.alias("stage"),
    )


def cycles(people: DataFrame, world: World) -> DataFrame:
    """`truth.cycles`."""
    habits = F.array(
        *(
            F.when(
                F.col(f"cycle_{n}").isNotNull(),
                F.struct(
                    product_id(F.col(f"cycle_{n}")).alias("product_id"),
                    F.col(f"days_{n}").alias("interval_days"),
                    date_of(world, F.col(f"phase_{n}")).alias("due_on"),
                ),
            )
            for n in (0, 1)
        )
    )
    return people.select("person", F.inline(F.array_compact(habits)))


def chains(people: DataFrame, world: World) -> DataFrame:
    """`truth.chains`."""
    draws = Draws(world.seed)
    steps = people.where(F.col("birth_day").isNotNull()).withColumn(
        "step", F.explode(F.sequence(F.lit(1).cast("long"), F.lit(SIZES).cast("long")))
    )
    step, born = F.col("step"), F.col("birth_day")

    def row(chain: str, category: int, first: Column, last: Column) -> Column:
        return F.struct(
            F.lit(chain).alias("chain"),
            product_id(sized(category, F.col("family"), step)).alias("product_id"),
            date_of(world, first).alias("from_on"),
            date_of(world, last).alias("until_on"),
        )

    diapers = row("diapers", DIAPERS, born + (step - 1) * SIZE_DAYS, born + step * SIZE_DAYS - 1)
    bought = feeding_day(draws, step)
    both = F.inline(F.array(diapers, row("feeding", FEEDING, bought, bought)))
    return steps.select("person", "step", date_of(world, born).alias("born_on"), both)


def effects(mails: DataFrame, caused: DataFrame) -> DataFrame:
    """`truth.effects`: the planned mails, and the purchases of `purchases.caused`."""
    made = caused.select(
        "mail",
        F.when(F.col("online"), "online").otherwise("offline").alias("channel"),
        F.coalesce("order_id", "receipt_id").alias("purchase_id"),
        F.col("at").alias("purchased_at"),
    )
    return mails.join(made, on="mail", how="left").select(
        F.col("mail").alias("message_id"),
        "person",
        at(("receipt", "campaign"), F.col("trigger")).alias("trigger"),
        F.col("campaign").alias("campaign_id"),
        F.col("sent_at").alias("planned_at"),
        "treated",
        "bounced",
        "uplift",
        "caused",
        "channel",
        "purchase_id",
        "purchased_at",
    )


def bots(spark: SparkSession, mail_events: DataFrame, world: World) -> DataFrame:
    """`truth.bots`: crawlers, and what `mails.events` has machines do."""
    kind = F.when(F.col("kind") == "clicked", "scanner_click").otherwise("machine_open")
    machines = mail_events.where(F.col("by_machine") & within(world, F.col("occurred_at"))).select(
        kind.alias("kind"),
        F.concat_ws("-", "mail", F.col("place").cast("string")).alias("value"),
        F.col("mail").alias("message_id"),
    )
    crawling = crawlers(spark, world).select(
        F.lit("crawler").alias("kind"),
        F.col("cookie").alias("value"),
        F.lit(None).cast("string").alias("message_id"),
    )
    return crawling.unionByName(machines)


def faults(files: DataFrame) -> DataFrame:
    """`truth.faults`, from `truth.files`."""
    return files.where(F.col("position").isNotNull())


def totals(files: DataFrame) -> DataFrame:
    """`truth.totals`, from `truth.files`."""
    fate, good = F.col("fate"), F.col("lines") - F.col("lines_refused")

    def counted(column: Column, *fates: str) -> Column:
        return F.coalesce(F.sum(F.when(fate.isin(*fates), column)), F.lit(0).cast("long"))

    records = F.col("records")
    return (
        files.where(F.col("position").isNull())
        .groupBy("source", "drop_on", "occurred_on")
        .agg(
            F.sum("records").alias("records"),
            counted(records, ACCEPTED).alias("accepted"),
            counted(records, SUPERSEDED).alias("superseded"),
            counted(records, REFUSED).alias("refused"),
            counted(records, DUPLICATE).alias("duplicates"),
            F.sum("lines").alias("lines"),
            counted(good, ACCEPTED, SUPERSEDED).alias("lines_accepted"),
            F.sum("lines_refused").alias("lines_refused"),
            counted(good, DUPLICATE).alias("lines_duplicates"),
            (F.sum("cents").cast("decimal(20,0)") / 100).cast(MONEY).alias("revenue"),
        )
    )
