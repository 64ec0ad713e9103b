"""Inputs of `gold.send_decisions` of any size, drawn from the numbers of people and candidates."""

from __future__ import annotations

from datetime import date
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from pipelines.gold import (
    consents,
    customer_360,
    golden_records,
    send_decisions,
    touchpoints,
    trigger_candidates,
)
from pipelines.silver import channel_costs, engagement, person_identifiers, stores

DAY = date(2024, 3, 1)
EACH = 3
"""Candidates a person."""
STORES, GOODS = 200, 10
_CARD = "loyalty_card"


def made(spark: SparkSession, size: int) -> dict[str, DataFrame]:
    """`size` candidates of `size / EACH` people, with ten goods each, and a past for a tenth of the people."""
    people = spark.range(size // EACH).withColumn("person_id", _person(_number()))
    return {
        "trigger_candidates": _candidates(spark.range(size)),
        **_known(people),
        "engagement": _shaped(spark.range(1), engagement.TABLE.schema, {"kind": F.lit("sent")}),
        "stores": _shaped(
            spark.range(STORES),
            stores.TABLE.schema,
            {"store_id": _store(), "time_zone": F.when(_number() % 2 == 0, F.lit("America/New_York"))},
        ),
        "channel_costs": _shaped(spark.range(1), channel_costs.TABLE.schema, {"channel": F.lit("sms")}),
        "standing": _past(people.where(_number() % 10 == 3)),
    }


def _candidates(numbers: DataFrame) -> DataFrame:
    """Of three triggers in turn; one in ten is of nobody that is known."""
    noon = F.lit(f"{DAY} 12:00:00").cast("timestamp")
    names = F.array(*map(F.lit, ("receipt_mail", "abandoned_cart", "reactivation")))
    trigger = F.element_at(names, (_number() % 3 + 1).cast("int"))
    given = {
        "as_of": F.lit(DAY),
        "candidate_id": F.concat_ws("/", trigger, _number().cast("string")),
        "trigger": trigger,
        "kind": F.lit("receipt"),
        "person_id": F.when(_number() % 10 != 0, _person(F.floor(_number() / EACH))),
        "occurred_at": noon,
        "earliest_at": noon,
        "expires_at": F.lit("2024-03-04 12:00:00").cast("timestamp"),
        "store_id": _store(),
        "items": _items(),
        "sold_out": (_number() % 4).cast("int"),
        "priority": (_number() % 3 + 1).cast("int"),
        "channels": F.array(F.lit("email"), F.lit("sms"), F.lit("push")),
        "least_blocks": F.lit(1),
        "cap_messages": F.lit(1),
        "cap_days": F.lit(3),
        "holdout_share": F.lit(0.1),
        "ends_with_purchase": _number() % 3 == 1,
    }
    return _shaped(numbers, trigger_candidates.TABLE.schema, given)


def _items() -> Column:
    """Ten goods in two blocks."""
    return F.transform(
        F.sequence(F.lit(1), F.lit(GOODS)),
        lambda n: F.struct(
            ((n + 4) / 5).cast("int").alias("block_no"),
            n.cast("int").alias("slot"),
            F.lit("personal").alias("block"),
            F.concat(F.lit("g"), n.cast("string")).alias("product_id"),
            F.concat(F.lit("Good "), n.cast("string")).alias("title"),
            F.lit("Others who shop like you often buy this.").alias("reason"),
            F.lit(0.5).alias("score"),
            F.lit("als/1").alias("model_version"),
        ),
    )


def _known(people: DataFrame) -> dict[str, DataFrame]:
    """What is known of the people: two in three agreed to mails, of whom one in twenty withdrew."""
    person, lately = F.col("person_id"), F.date_sub(F.lit(DAY), (_number() % 40).cast("int"))
    card = {"identifier_type": F.lit(_CARD), "identifier_value": person}
    before = F.when(_number() % 50 == 0, F.array(F.concat(F.lit("q"), "person_id")))
    return {
        "customer_360": _shaped(
            people,
            customer_360.TABLE.schema,
            {
                "as_of": F.lit(DAY),
                "person_id": person,
                "favourite_store": _store(),
                "last_purchase_on": lately,
                "email_since": F.when(_number() % 3 != 0, F.lit(DAY)),
                "phone_since": F.when(_number() % 2 == 0, F.lit(DAY)),
            },
        ),
        "consents": _shaped(
            people.where(_number() % 3 != 0),
            consents.TABLE.schema,
            {
                "person_id": person,
                "brand": F.lit(consents.ANY_BRAND),
                "channel": F.lit("email"),
                "consent": _number() % 20 != 1,
                "messages": F.lit(0),
            },
        ),
        "touchpoints": _shaped(
            people.where(_number() % 2 == 0),
            touchpoints.TABLE.schema,
            {
                **card,
                "touched_on": lately,
                "kind": F.lit("opened"),
                "channel": F.lit("email"),
                "is_machine": F.lit(False),
            },
        ),
        "golden_records": _shaped(
            people,
            golden_records.TABLE.schema,
            {
                "as_of": F.lit(DAY),
                "person_id": person,
                "former_ids": F.coalesce(before, F.array().cast("array<string>")),
            },
        ),
        "person_identifiers": _shaped(people, person_identifiers.TABLE.schema, {**card, "person_id": person}),
    }


def _past(people: DataFrame) -> DataFrame:
    """A mail to each of the people, two days before."""
    before = F.date_sub(F.lit(DAY), 2)
    given = {
        "candidate_id": F.concat(F.lit("before/"), "person_id"),
        "raised_on": before,
        "decided_on": before,
        "send_at": F.lit("2024-02-28 09:00:00").cast("timestamp"),
        "outcome": F.lit("sent"),
        "channel": F.lit("email"),
        "trigger": F.lit("receipt_mail"),
        "person_id": F.col("person_id"),
    }
    return _shaped(people, send_decisions.TABLE.schema, given)


def _number() -> Column:
    """Of the person, candidate or shop."""
    return F.col("id")


def _store() -> Column:
    return F.concat(F.lit("S"), (_number() % STORES).cast("string"))


def _person(number: Column) -> Column:
    return F.concat(F.lit("p"), F.lpad(F.hex(F.xxhash64(number)), 16, "0"))


def _shaped(rows: DataFrame, schema: StructType, given: dict[str, Any]) -> DataFrame:
    """Rows in the columns of a table; what is not given is null."""
    return rows.select(
        *(given.get(f.name, F.lit(None)).cast(f.dataType).alias(f.name) for f in schema.fields)
    )
