from __future__ import annotations

import great_expectations.expectations as gx
import pytest

from pipelines.gold import customer_360, kpi_daily, send_list
from pipelines.lakehouse.expectations import ERROR, WARN
from pipelines.lakehouse.table import Table
from pipelines.publish.suite import suite_of


def test_the_suite_says_what_the_contract_says() -> None:
    suite = {rule.name: rule for rule in suite_of(send_list.TABLE)}
    assert {"columns", "key_unique", "title_not_null", "block_known", "slot_at_least_1"} <= set(suite)
    assert [name for name, rule in suite.items() if rule.severity is WARN] == ["not_empty"]
    assert suite["key_unique"].gx == (
        "ExpectCompoundColumnsToBeUnique",
        {"column_list": ["as_of", "send_key", "block", "slot"]},
    )
    assert "WHERE NOT (slot >= 1)" in suite["slot_at_least_1"].remedy


def test_a_nullable_column_may_be_null() -> None:
    assert "identified_share_not_null" not in {rule.name for rule in suite_of(kpi_daily.TABLE)}


@pytest.mark.parametrize(
    "table", [send_list.TABLE, kpi_daily.TABLE, customer_360.TABLE], ids=lambda t: t.name
)
def test_great_expectations_knows_every_rule(table: Table) -> None:
    for rule in suite_of(table):
        getattr(gx, rule.gx[0])(**rule.gx[1])
        assert rule.severity in (ERROR, WARN)
