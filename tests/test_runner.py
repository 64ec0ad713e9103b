"""What a table's run does where nothing arrived, and where what its facts look up has changed."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pipelines.bronze import records
from pipelines.lakehouse.lake import ABSENT, Lake
from pipelines.silver import receipts, stores
from tests.lakehouse.runs import made, written
from tests.silver.received import ARRIVED, AS_OF, bronze

pytestmark = [pytest.mark.spark, pytest.mark.engines]


def test_a_table_of_which_nothing_arrived_is_not_made(lake: Lake) -> None:
    for name in ("silver.offers", "silver.sessions", "silver.machine_events", "gold.purchase_days"):
        outcome = made(lake, name, AS_OF)
        assert (outcome.version, outcome.counts, outcome.scope) == (ABSENT, None, "nothing arrived")
    assert lake.head(records.TABLES["offers"]) is None


def test_facts_are_read_again_when_what_they_look_up_has_changed_and_only_then(lake: Lake) -> None:
    """A shop's zone arrives after its receipt; a new name, and a new shop without a zone, do not count."""

    def shops(batch: int, *stores_: dict[str, str]) -> None:
        record = bronze(lake.spark, "stores", *stores_, batch=batch, arrived=ARRIVED.replace(minute=batch))
        written(lake, records.TABLES["stores"], record)
        made(lake, "silver.stores", AS_OF)

    def stand() -> set[tuple[date, datetime]]:
        rows = lake.read(receipts.TABLE).collect()
        return {(row["purchased_on"], row["purchased_at"].astimezone(UTC)) for row in rows}

    line = {"product_id": "milk", "quantity": "1", "net_amount": "1.20"}
    receipt = {"receipt_no": "1", "store_id": "S1", "purchased_at": "2024-03-03T00:30:00", "lines": [line]}
    written(lake, records.TABLES["receipts"], bronze(lake.spark, "receipts", receipt))
    assert made(lake, "silver.receipts", AS_OF).scope == "rebuilt"
    assert stand() == {(date(2024, 3, 3), datetime(2024, 3, 3, 0, 30, tzinfo=UTC))}

    shops(1, {"store_id": "S1", "time_zone": "Europe/Moscow"})
    assert made(lake, "silver.receipts", AS_OF).scope == "rebuilt"
    moscow = {(date(2024, 3, 2), datetime(2024, 3, 2, 21, 30, tzinfo=UTC))}
    assert stand() == moscow

    shops(2, {"store_id": "S1", "time_zone": "Europe/Moscow", "name": "Station"}, {"store_id": "S2"})
    assert lake.read(stores.TABLE).count() == 2
    assert made(lake, "silver.receipts", AS_OF).scope == "unchanged"
    assert stand() == moscow
