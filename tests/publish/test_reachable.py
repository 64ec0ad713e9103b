"""Who can be written to: the report's figures, and the query beside them, say of a person what the send lists say."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.calc.triggers.definitions import CHANNELS
from pipelines.gold.consents import ANY_BRAND
from pipelines.gold.send_reach import may_write, reachable, reached, reaches
from pipelines.publish.reachable import people

pytestmark = pytest.mark.spark

AS_OF = date(2024, 3, 10)
SINCE = datetime(2024, 1, 1)  # noqa: DTZ001 - a column without a zone
PERSONS = 400
_SINCE = ("email_since", "phone_since", "push_since", "email_bounced_on")
_KEPT = ("favourite_store", "last_purchase_on", "last_rating", "last_rated_on")


def drawn() -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """People with and without addresses, and what they told and were sent, of every combination."""
    lot = random.Random(7)
    known = [(f"p{n}", *(lot.choice((None, AS_OF)) for _ in _SINCE)) for n in range(PERSONS)]
    told = [
        (person, brand, channel, lot.choice((None, True, False)), lot.choice((0, 2)))
        for person, *_ in known
        for brand in (ANY_BRAND, "north")
        for channel in CHANNELS
        if lot.random() < 0.3
    ]
    return known, told


@pytest.mark.parametrize(
    "tacit", [{}, {"email": ("mailed",)}, {"sms": ("mailed",), "push": ("token", "mailed")}], ids=str
)
def test_the_report_its_query_and_the_send_list_agree(
    spark: SparkSession, tacit: Mapping[str, Sequence[str]]
) -> None:
    known, told = drawn()
    customers = spark.createDataFrame(
        [(AS_OF, *row) for row in known],
        "as_of date, person_id string, " + ", ".join(f"{name} date" for name in _SINCE),
    ).withColumns({name: F.lit(None).cast("string") for name in _KEPT})
    consents = spark.createDataFrame(
        told, "person_id string, brand string, channel string, consent boolean, messages int"
    )
    touchpoints = spark.createDataFrame(
        [],
        "kind string, touched_on date, is_machine boolean, channel string, identifier_type string, "
        "identifier_value string",
    )
    persons = spark.createDataFrame([], "identifier_type string, identifier_value string, person_id string")
    rows = reached(customers, touchpoints, consents, persons, as_of=AS_OF, tacit=tacit, brands=("north",))
    found = {row[0] for row in rows.where(reachable()).select("person_id").collect()}

    candidates = rows.withColumn("brand", F.lit(None).cast("string"))
    open_ = F.lit(False)
    for channel in CHANNELS:
        open_ |= may_write(channel) & reaches(channel)
    assert found == {row[0] for row in candidates.where(open_).select("person_id").collect()}
    assert 0 < len(found) < PERSONS

    with duckdb.connect() as connection:
        for name, frame in (("customer_360", customers), ("consents", consents)):
            connection.register(name, pa.table(frame.toArrow()))
            connection.execute("CREATE SCHEMA IF NOT EXISTS gold")
            connection.execute(f"CREATE VIEW gold.{name} AS SELECT * FROM {name}")
        asked = f"SELECT person_id FROM {people(AS_OF, tacit)} AND reachable"
        assert {row[0] for row in connection.sql(asked).fetchall()} == found
