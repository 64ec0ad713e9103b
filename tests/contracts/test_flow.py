"""Laws over the map of the house, without a JVM."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import pipelines.gold
import pipelines.silver
from pipelines.bronze import records as bronze
from pipelines.catalog import TABLES, grain
from pipelines.flow import FLOW, STAGES, Step
from pipelines.lakehouse.table import ByScope, Facts, History, Journal, Snapshot, Table

LAYERS = ("bronze", "silver", "gold")
STEPS = [pytest.param(step, id=step.table.name) for step in FLOW]
ALL = [pytest.param(table, id=table.name) for table in TABLES]


@pytest.mark.parametrize("package", [pipelines.silver, pipelines.gold])
def test_every_table_module_is_in_the_flow(package: object) -> None:
    modules = [
        importlib.import_module(f"{package.__name__}.{m.name}")
        for m in pkgutil.iter_modules(package.__path__)
    ]
    tables = {module.TABLE.name for module in modules if hasattr(module, "TABLE")}
    assert tables == {
        step.table.name
        for step in FLOW
        if step.table.name in tables or step.table.layer == package.__name__.split(".")[-1]
    }


@pytest.mark.parametrize("step", STEPS)
def test_a_table_is_named_after_its_module(step: Step) -> None:
    assert step.build.__module__ == f"pipelines.{step.table.name}"


@pytest.mark.parametrize("step", STEPS)
def test_inputs_come_earlier(step: Step) -> None:
    made = {table.name for table in bronze.TABLES.values()} | {s.table.name for s in FLOW[: FLOW.index(step)]}
    assert {read.table.name for read in step.table.reads} <= made


@pytest.mark.parametrize("step", STEPS)
def test_layers_read_only_from_below_or_beside(step: Step) -> None:
    level = LAYERS.index(step.table.layer)
    assert all(LAYERS.index(read.table.layer) <= level for read in step.table.reads)


@pytest.mark.parametrize("step", STEPS)
def test_live_is_what_continuous_ingest_makes_of_gold(step: Step) -> None:
    if step.table.layer == "gold" and not isinstance(step.table.write, Snapshot):
        assert step.table.live == (step.stage == "refine")


@pytest.mark.parametrize("step", STEPS)
def test_stages_are_in_their_order(step: Step) -> None:
    assert [s.stage for s in FLOW] == sorted((s.stage for s in FLOW), key=STAGES.index)


@pytest.mark.parametrize("step", STEPS)
def test_a_changed_row_of_any_input_finds_the_scope(step: Step) -> None:
    table = step.table
    if isinstance(table.write, Snapshot | Facts | History | Journal) or not table.scope:
        return
    assert all(read.by or read.whole or (read.through and read.on) for read in table.reads)
    for read in table.reads:
        assert set((read.by or {}).values()) <= set(read.table.names)
        assert set(read.on) <= set(read.table.names)


@pytest.mark.parametrize("table", ALL)
def test_key_and_scope_are_never_null(table: Table) -> None:
    nullable = {column.name for column in table.columns if column.nullable}
    assert not nullable & {*table.key, *table.scope}
    assert len(table.scope) <= 1


@pytest.mark.parametrize("table", ALL)
def test_every_column_says_what_it_means_and_what_null_means(table: Table) -> None:
    assert grain(table).startswith("One row per ") or table.layer == "quarantine"
    for column in table.columns:
        assert len(column.meaning) > 3, column.name


@pytest.mark.parametrize("table", ALL)
def test_expectations_have_their_own_names_and_known_columns(table: Table) -> None:
    assert len({rule.name for rule in table.expect}) == len(table.expect)
    assert {rule.column for rule in table.expect} <= set(table.names)


def test_a_build_that_replaces_by_scope_has_a_scope_or_is_small() -> None:
    assert all(step.table.scope for step in FLOW if isinstance(step.table.write, ByScope | Facts))
