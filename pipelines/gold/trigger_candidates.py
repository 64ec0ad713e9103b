"""One row per business date and candidate: something happened that may be answered with a message, and with which.

A daily snapshot, before anybody asks whether the message may go (`gold.send_decisions`). What raises a message says
`conf/triggers`; the rules of its trigger stand in the row, so that a candidate which waits keeps those under which it
was raised. Of one person's candidates of one trigger the newest is the one with a message, and the others say which
replaced them. A receipt that nobody knows the owner of is here without a person, and has no message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType

from pipelines.calc.segments.definitions import Segment
from pipelines.calc.segments.predicate import Predicate
from pipelines.calc.time import books_close
from pipelines.calc.triggers.definitions import Trigger
from pipelines.gold import customer_360 as gold_customer_360
from pipelines.gold import interest_profiles as gold_interest_profiles
from pipelines.gold import product_days as gold_product_days
from pipelines.gold import recommendations as gold_recommendations
from pipelines.gold import replenishment as gold_replenishment
from pipelines.gold import segment_members as gold_segment_members
from pipelines.gold import trigger_goods, trigger_kinds
from pipelines.gold.segment_people import people, predicates, selected
from pipelines.gold.trigger_messages import ITEMS, messages
from pipelines.gold.weather_normals import expected
from pipelines.lakehouse.expectations import at_least
from pipelines.lakehouse.table import AS_OF, Col, Snapshot, Table
from pipelines.lakehouse.types import BOOLEAN, DOUBLE, INT, STRING, TIMESTAMP
from pipelines.silver import customers as silver_customers
from pipelines.silver import locations as silver_locations
from pipelines.silver import offers as silver_offers
from pipelines.silver import orders as silver_orders
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver import products as silver_products
from pipelines.silver import promotions as silver_promotions
from pipelines.silver import receipt_lines as silver_receipt_lines
from pipelines.silver import receipts as silver_receipts
from pipelines.silver import sessions as silver_sessions
from pipelines.silver import stock as silver_stock
from pipelines.silver import weather as silver_weather
from pipelines.silver.person_identifiers import current

NAMES = ArrayType(STRING)

CANDIDATE = (
    Col(
        "candidate_id",
        STRING,
        "The trigger and what is one and the same on every run, joined by `/`",
        nullable=False,
    ),
    Col("trigger", STRING, "As `conf/triggers` names it", nullable=False),
    Col("kind", STRING, "Its kind of event", nullable=False),
    Col("person_id", STRING, "Who would get it; null: nobody knows"),
    Col("occurred_at", TIMESTAMP, "When that happened which raises it (UTC)", nullable=False),
    Col("earliest_at", TIMESTAMP, "The message goes no earlier (UTC)", nullable=False),
    Col("expires_at", TIMESTAMP, "The message goes no later (UTC)", nullable=False),
    Col("store_id", STRING, "The shop of the event, or else the favourite one; null: none"),
    Col("products", NAMES, "The goods that it is about, the first the most; null: none"),
    Col("replaced_by", STRING, "The newer candidate of the person and trigger; null: it is the newest"),
    Col("items", ITEMS, "The goods of the message by block and slot; null: no message"),
    Col("sold_out", INT, "Goods left out since they are not on hand in the shop; null: no message"),
    Col("brand", STRING, "In whose name it is written; null: the group's, of no brand in particular"),
    Col("priority", INT, "Of several messages for one person the smallest goes", nullable=False),
    Col("channels", NAMES, "Those that it may take, in order", nullable=False),
    Col("least_blocks", INT, "Fewer blocks filled are too few", nullable=False),
    Col("cap_messages", INT, "At most so many of the trigger for one person ...", nullable=False),
    Col("cap_days", INT, "... in any span of so many days", nullable=False),
    Col("holdout_share", DOUBLE, "Share of people who never get it, 0 to 1", nullable=False),
    Col("ends_with_purchase", BOOLEAN, "Who has bought since does not get it", nullable=False),
)

TABLE = Table(
    name="gold.trigger_candidates",
    doc=__doc__,
    key=("as_of", "candidate_id"),
    scope=("as_of",),
    columns=(AS_OF, *CANDIDATE),
    inputs=(
        silver_receipts.TABLE,
        silver_receipt_lines.TABLE,
        silver_orders.TABLE,
        silver_sessions.TABLE,
        silver_customers.TABLE,
        silver_locations.TABLE,
        silver_offers.TABLE,
        silver_stock.TABLE,
        silver_products.TABLE,
        silver_promotions.TABLE,
        silver_weather.TABLE,
        silver_person_identifiers.TABLE,
        gold_customer_360.TABLE,
        gold_segment_members.TABLE,
        gold_interest_profiles.TABLE,
        gold_product_days.TABLE,
        gold_replenishment.TABLE,
        gold_recommendations.TABLE,
    ),
    params=(
        "triggers.defined",
        "triggers.raised",
        "business.time_zone",
        "business.close_hour",
        "send_list.slots_per_block",
        "catalogue.never_offered",
    ),
    expect=(at_least("priority", 1), at_least("cap_messages", 1)),
    write=Snapshot(),
    version=4,  # 2: blocks fall back on interests; 3: goods suit the weather; 4: new goods, and forecasts, by models
)


def build(
    receipts: DataFrame,
    receipt_lines: DataFrame,
    orders: DataFrame,
    sessions: DataFrame,
    customers: DataFrame,
    locations: DataFrame,
    offers: DataFrame,
    stock: DataFrame,
    products: DataFrame,
    promotions: DataFrame,
    weather: DataFrame,
    person_identifiers: DataFrame,
    customer_360: DataFrame,
    segment_members: DataFrame,
    interest_profiles: DataFrame,
    product_days: DataFrame,
    replenishment: DataFrame,
    recommendations: DataFrame,
    *,
    as_of: date,
    defined: Sequence[Trigger],
    raised: Sequence[str],
    time_zone: str,
    close_hour: int,
    slots_per_block: int,
    never_offered: Sequence[str],
) -> DataFrame:
    """The candidates of one day, with their messages.

    Args:
        receipts: `silver.receipts`.
        receipt_lines: `silver.receipt_lines`.
        orders: `silver.orders`.
        sessions: `silver.sessions`.
        customers: `silver.customers`.
        locations: `silver.locations`.
        offers: `silver.offers`.
        stock: `silver.stock`.
        products: `silver.products`.
        promotions: `silver.promotions`.
        weather: `silver.weather`.
        person_identifiers: `silver.person_identifiers`.
        customer_360: `gold.customer_360`.
        segment_members: `gold.segment_members`.
        interest_profiles: `gold.interest_profiles`.
        product_days: `gold.product_days`.
        replenishment: `gold.replenishment`; only its rows of `as_of` are looked at.
        recommendations: `gold.recommendations`.
        as_of: The business day.
        defined: The triggers.
        raised: Names of those that are asked for candidates; the others still keep their own goods to themselves.
        time_zone: The business's; with `close_hour`, when the books of the day close.
        close_hour: Of the next day.
        slots_per_block: At most so many goods in each block.
        never_offered: Departments whose goods stand in no message.
    """
    persons, close = current(person_identifiers), books_close(as_of, time_zone, close_hour)
    everybody = customer_360.where(F.col("as_of") == F.lit(as_of))
    day = (as_of, close)
    kinds: dict[str, Callable[[Sequence[Trigger]], DataFrame]] = {
        "receipt": lambda of: trigger_kinds.purchases(receipts, receipt_lines, orders, persons, of, as_of),
        "visit": lambda of: trigger_kinds.visits(sessions, persons, of, as_of),
        "segment": lambda of: trigger_kinds.of_segments(segment_members, everybody, of, *day),
        "date": lambda of: trigger_kinds.dates(replenishment, customers, persons, of, *day),
        "change": lambda of: trigger_goods.changes(
            offers, stock, products, sessions, interest_profiles, persons, of, *day
        ),
        "forecast": lambda of: trigger_goods.forecasts(recommendations, of, *day),
        "near_store": lambda of: trigger_goods.near_stores(
            locations, promotions, products, interest_profiles, persons, of, as_of
        ),
        "weather": lambda of: trigger_goods.weather_days(weather, everybody, of, *day),
    }
    asked = [each for each in defined if each.name in raised]
    found = [
        made([each for each in asked if each.when.kind == kind])
        for kind, made in kinds.items()
        if any(each.when.kind == kind for each in asked)
    ]
    wanted = _wanted(
        reduce(DataFrame.unionByName, found), customer_360, interest_profiles, weather, asked, as_of
    )
    candidates = _placed(ruled(wanted, defined), everybody).localCheckpoint()  # planned six times over else
    filled = messages(
        _openings(candidates, everybody.select("person_id", "region"), expected(weather, as_of)),
        persons,
        products,
        product_days,
        recommendations,
        interest_profiles,
        stock,
        as_of=as_of,
        triggers=defined,
        slots_per_block=slots_per_block,
        never_offered=never_offered,
    )
    return (
        candidates.join(filled, on="candidate_id", how="left")
        .withColumn("as_of", F.lit(as_of))
        .select(*TABLE.names)
    )


def _wanted(
    raised: DataFrame,
    customer_360: DataFrame,
    interest_profiles: DataFrame,
    weather: DataFrame,
    defined: Iterable[Trigger],
    as_of: date,
) -> DataFrame:
    """The rows whose person fulfils the trigger's own condition, where it has one."""
    asked = conditions(defined)
    if not asked:
        return raised
    everybody = people(customer_360, weather, as_of=as_of)
    fits = selected(everybody, interest_profiles, asked, as_of=as_of).select(
        "person_id", F.col("segment").alias("trigger"), F.lit(True).alias("_fits")
    )
    free = ~F.col("trigger").isin(*(condition.segment for condition in asked))
    return (
        raised.join(fits, on=["person_id", "trigger"], how="left").where(free | F.col("_fits")).drop("_fits")
    )


def conditions(defined: Iterable[Trigger]) -> tuple[Predicate, ...]:
    """The conditions of the triggers that have one, each called by its trigger.

    Raises:
        SettingsError: one asks for what is not there, or is none; every such trigger is named.
    """
    return predicates(tuple(Segment(name=t.name, says=t.says, where=t.where) for t in defined if t.where))


def ruled(raised: DataFrame, defined: Iterable[Trigger]) -> DataFrame:
    """The rows with the rules of their triggers."""
    rules: dict[str, tuple[DataType, Callable[[Trigger], object]]] = {
        "kind": (STRING, lambda t: t.when.kind),
        "brand": (STRING, lambda t: t.brand),
        "priority": (INT, lambda t: t.priority),
        "channels": (NAMES, lambda t: list(t.channels)),
        "least_blocks": (INT, lambda t: t.least_blocks),
        "cap_messages": (INT, lambda t: t.cap.messages),
        "cap_days": (INT, lambda t: t.cap.days),
        "holdout_share": (DOUBLE, lambda t: t.holdout),
        "ends_with_purchase": (BOOLEAN, lambda t: t.ends_with_purchase),
        "_own": (NAMES, lambda t: list(t.goods) or None),
        "_delay": (INT, lambda t: t.delay_hours),
        "_expiry": (INT, lambda t: t.expires_hours),
    }
    triggers = list(defined)

    def rule(type_: DataType, of: Callable[[Trigger], object]) -> Column:
        return F.coalesce(*(F.when(F.col("trigger") == t.name, F.lit(of(t)).cast(type_)) for t in triggers))

    ruled = raised.withColumns({name: rule(*how) for name, how in rules.items()})
    return ruled.withColumns(
        {
            "candidate_id": F.concat_ws("/", "trigger", "occasion"),
            "earliest_at": later("occurred_at", F.col("_delay")),
            "expires_at": later("occurred_at", F.col("_expiry")),
            "products": F.coalesce("_own", "products"),
        }
    )


def later(instant: str, hours: Column) -> Column:
    """So many hours after an instant."""
    return F.timestamp_micros(F.unix_micros(instant) + hours.cast("bigint") * 3_600_000_000)


def _placed(candidates: DataFrame, everybody: DataFrame) -> DataFrame:
    """The candidates with the shop, all shops of those that one replaces, and which of them replaces which."""
    favourite = everybody.select("person_id", "favourite_store")
    placed = candidates.join(favourite, on="person_id", how="left")
    shop = placed.withColumn("store_id", F.coalesce("store_id", "favourite_store"))
    return newest(shop.withColumn("stores", F.collect_set("store_id").over(_of_one())))


def _of_one() -> WindowSpec:
    """The candidates of one person and trigger; one of nobody is alone."""
    return Window.partitionBy("trigger", F.coalesce("person_id", "candidate_id"))


def newest(candidates: DataFrame) -> DataFrame:
    """The candidates with `replaced_by`: of those of one person and trigger the newest, in the rows of the others."""
    first = F.first("candidate_id").over(_of_one().orderBy(F.desc("occurred_at"), "candidate_id"))
    placed = candidates.withColumn("_newest", first)
    later = F.when(F.col("_newest") != F.col("candidate_id"), F.col("_newest"))
    return placed.withColumn("replaced_by", later).drop("_newest")


def _openings(candidates: DataFrame, regions: DataFrame, degrees: DataFrame) -> DataFrame:
    """Those that get a message, with the shops where its goods should lie (null: any) and the weather there."""
    somewhere = F.when(F.size("stores") > 0, F.col("stores"))
    opened = candidates.where(F.col("person_id").isNotNull() & F.col("replaced_by").isNull())
    there = opened.join(regions, on="person_id", how="left").join(
        F.broadcast(degrees), on="region", how="left"
    )
    return there.select(
        "candidate_id", "trigger", "person_id", "products", somewhere.alias("stores"), "degrees"
    )
