"""A record is one JSON object and nothing beside it, with either engine."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from pipelines.landing import receipts, web_events
from pipelines.landing.contract import Source
from pipelines.landing.stores import SOURCE
from pipelines.silver.parse import PARSED, parse
from tests.silver.received import bronze, reasons

pytestmark = [pytest.mark.spark, pytest.mark.engines]

GOOD = (b'{"store_id": "S1"}', b' {"store_id": "S1"} ', b'{"store_id": " S1 ", "new": [{"a": 1}]}')
NOT_ONE = (
    b'{"store_id": "S1"} {"store_id": "S2"}',
    b'{"store_id": "S1"}, {"store_id": "S2"}',
    b'{"store_id": "S1"},',
    b'{"store_id": "S1"}, "b": 2',
    b'{"store_id": "S1"}], "b": [{}',
    b'{"store_id": "S1"}} {',
    b'{"store_id": "S1"} x',
    b'{"store_id": "S1"',
    b'[{"store_id": "S1"}]',
    b"null",
    b"5",
    b'"S1"',
)


def test_only_one_object_alone_is_a_record(spark: SparkSession) -> None:
    found = parse(bronze(spark, "stores", *GOOD, *NOT_ONE), SOURCE).orderBy("position").collect()
    rows = [row.asDict() for row in found]
    assert [(row["store_id"], row[PARSED]) for row in rows[: len(GOOD)]] == [("S1", True)] * len(GOOD)
    assert all("NOT_JSON:record" not in against for against in reasons(rows[: len(GOOD)]))
    assert reasons(rows[len(GOOD) :]) == [["NOT_JSON:record"]] * len(NOT_ONE)
    assert not any(row[PARSED] for row in rows[len(GOOD) :])


NO_LIST = {
    b'{"lines": [{"product_id": "P1"}], "other": {"lines": 5}}': None,
    b'{"lines": null}': "MISSING_VALUE:lines",
    b'{"lines": []}': None,
    b'{"lines": 5}': "WRONG_TYPE:lines",
    b'{"lines" :"[]"}': "WRONG_TYPE:lines",
    b'{"lines": {"product_id": "P1"}}': "WRONG_TYPE:lines",
    b'{"lines": true, "impressions": []}': "WRONG_TYPE:lines",
}


@pytest.mark.parametrize("source", [receipts.SOURCE, web_events.SOURCE], ids=lambda source: source.name)
def test_what_is_no_list_is_of_the_wrong_type(spark: SparkSession, source: Source) -> None:
    """Receipts must have lines; a web event may have none."""
    found = parse(bronze(spark, source.name, *NO_LIST), source).orderBy("position").collect()
    against = [next((r for r in row["_reasons"] if r.endswith(":lines")), None) for row in found]
    required = source is receipts.SOURCE
    assert against == [
        None if said and said.startswith("MISSING") and not required else said for said in NO_LIST.values()
    ]
