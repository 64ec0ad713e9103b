"""A form's birth dates: typed, kept, and refused where somebody is not born yet."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.silver.received import bronze, judged, reasons

pytestmark = pytest.mark.spark


def no_shops(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame([], "store_id string, brand string")


def test_children_are_kept_and_those_of_the_future_refuse_the_form(spark: SparkSession) -> None:
    forms = bronze(
        spark,
        "customers",
        {
            "loyalty_card": "A",
            "gender": "female",
            "birth_date": "1990-02-28",
            "children": [{"born_on": "2020-05-01"}],
        },
        {"loyalty_card": "B", "children": [{"born_on": "2020-05-01"}, {"born_on": "2031-05-01"}]},
        {"loyalty_card": "C", "birth_date": "2031-05-01"},
        {"loyalty_card": "D", "children": [{"born_on": "in May"}]},
        {"loyalty_card": "E"},
    )
    rows = judged("silver.customers", forms, no_shops(spark))
    assert reasons(rows) == [
        [],
        ["FUTURE:children.born_on"],
        ["FUTURE:birth_date"],
        ["WRONG_TYPE:children.born_on"],
        [],
    ]
    assert (rows[0]["gender"], rows[0]["birth_date"], rows[0]["children"]) == (
        "female",
        date(1990, 2, 28),
        [date(2020, 5, 1)],
    )
    assert rows[4]["children"] is None


def test_a_form_is_of_its_own_brand_or_its_shops(spark: SparkSession) -> None:
    forms = bronze(
        spark,
        "customers",
        {"loyalty_card": "A", "store_id": "S1", "consents": [{"channel": "email"}, {"channel": "sms"}]},
        {"loyalty_card": "B", "store_id": "S1", "brand": "shoes"},
        {"loyalty_card": "C"},
        {"loyalty_card": "D", "consents": [{"via": "email"}]},
    )
    shops = spark.createDataFrame([("S1", "toys")], "store_id string, brand string")
    rows = judged("silver.customers", forms, shops)
    assert reasons(rows) == [[], [], [], ["MISSING_VALUE:consents.channel"]]
    told = [(row["brand"], row["consents"]) for row in rows[:3]]
    assert told == [("toys", ["email", "sms"]), ("shoes", None), (None, None)]
