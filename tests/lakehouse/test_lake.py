"""Commits hold only on the version they were built on, and only for rows that keep the contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.errors import ConcurrentWrite, DataError
from pipelines.lakehouse import log
from pipelines.lakehouse.expectations import at_least, at_most, in_order, one_of
from pipelines.lakehouse.lake import CHANGE_SIGN, Lake, any_of
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.store import Transaction
from pipelines.lakehouse.store_sail import SailStore
from pipelines.lakehouse.table import Col, Table
from pipelines.lakehouse.types import INT, STRING

pytestmark = [pytest.mark.spark, pytest.mark.engines]

TABLE = Table(
    name="gold.people",
    doc="One row per person.",
    key=("person_id",),
    scope=("person_id",),
    columns=(Col("person_id", STRING, "Person", nullable=False), Col("visits", INT, "Visits")),
    expect=(at_least("visits", 0),),
)


def mark(run: str, **facts: object) -> Mark:
    return Mark(
        run=run,
        stage="build",
        as_of=date(2024, 3, 1),
        started_at=datetime.now(UTC),
        code="",
        contract="",
        settings="",
        **facts,
    )


def people(lake: Lake, *rows: tuple[str | None, int | None]) -> DataFrame:
    return lake.spark.createDataFrame(list(rows), "person_id string, visits int")


def held(lake: Lake) -> list[tuple[str, int]]:
    return sorted((row["person_id"], row["visits"]) for row in lake.read(TABLE).collect())


def test_a_table_is_made_from_its_contract(lake: Lake) -> None:
    lake.ensure(TABLE)
    standing = lake.store.definition(lake.path(TABLE)).schema
    assert [(f.name, f.dataType) for f in standing] == [(c.name, c.type) for c in TABLE.columns]
    made = DeltaTable(lake.path(TABLE))
    meanings = {field.name: field.metadata["comment"] for field in made.schema().fields}
    assert meanings == {column.name: column.meaning for column in TABLE.columns}
    assert made.protocol().min_reader_version == 1
    assert "delta.constraints.visits_at_least_0" in made.metadata().configuration


def test_a_null_passes_an_expectation_in_the_lake_too(lake: Lake) -> None:
    lake.commit(TABLE, people(lake, ("a", None)), mark("one"), parent=lake.ensure(TABLE))
    assert lake.read(TABLE).count() == 1


def test_a_contract_that_changed_is_the_one_that_delta_holds_the_table_to(lake: Lake) -> None:
    first = lake.commit(TABLE, people(lake, ("a", 1)), mark("one"), parent=lake.ensure(TABLE))
    assert lake.ensure(TABLE) == first
    looser = replace(TABLE, version=2, expect=(at_least("visits", -5),))
    parent = lake.ensure(looser)
    assert held(lake) == []
    second = lake.commit(looser, people(lake, ("b", -1)), mark("two"), parent=parent)
    wider = replace(looser, version=3, columns=(*TABLE.columns, Col("name", STRING, "Name")))
    parent = lake.ensure(wider)
    rows = people(lake, ("c", -2)).withColumn("name", F.lit("Ann"))
    lake.commit(wider, rows, mark("three"), parent=parent)
    assert [tuple(row) for row in lake.read(wider).collect()] == [("c", -2, "Ann")]
    assert [lake.read(TABLE, version).count() for version in (first, second)] == [1, 1], (
        "releases still read these"
    )


def test_replacing_keys_leaves_the_rest_and_the_feed_tells_only_what_changed(lake: Lake) -> None:
    parent = lake.ensure(TABLE)
    first = lake.commit(
        TABLE, people(lake, ("a", 1), ("b", 2), ("c", 3)), mark("one"), parent=parent, replace="true"
    )
    keys = any_of("person_id", ["a", "b"])
    second = lake.commit(
        TABLE, people(lake, ("a", 1), ("b", 5)), mark("two", batch=7), parent=first, replace=keys
    )
    assert held(lake) == [("a", 1), ("b", 5), ("c", 3)]
    changed = lake.changes(TABLE, first, second, ["person_id"]).collect()
    assert {(row["person_id"], row[CHANGE_SIGN]) for row in changed} == {("b", 1), ("b", -1)}
    head = lake.head(TABLE)
    assert head is not None
    assert head.mark is not None
    assert (head.version, head.mark.run, head.mark.batch) == (second, "two", 7)


def test_what_was_added_is_told_though_files_were_put_together(lake: Lake) -> None:
    versions = [lake.ensure(TABLE)]
    for name in "abc":
        appended = lake.commit(TABLE, people(lake, (name, 1)), mark(name), parent=versions[-1])
        versions.append(appended)

    def added(since: int, until: int) -> set[str]:
        return {row["person_id"] for row in lake.added(TABLE, since, until).collect()}

    assert added(versions[1], versions[3]) >= {"b", "c"}
    assert added(versions[0], versions[1]) == {"a"}
    if isinstance(lake.store, SailStore):  # which opens no file that was there before
        assert added(versions[1], versions[3]) == {"b", "c"}
        assert lake.added(TABLE, versions[1], versions[1]).schema == lake.read(TABLE).schema
        DeltaTable(lake.path(TABLE)).optimize.compact()
        assert added(versions[1], versions[3] + 1) >= {"b", "c"}


def test_of_two_builds_on_one_version_the_second_does_not_commit(lake: Lake) -> None:
    parent = lake.ensure(TABLE)
    lake.commit(TABLE, people(lake, ("a", 1)), mark("one"), parent=parent)
    with pytest.raises(ConcurrentWrite, match=r"gold\.people (moved|was written by somebody else)"):
        lake.commit(TABLE, people(lake, ("a", 2)), mark("two"), parent=parent)
    assert held(lake) == [("a", 1)]


@pytest.mark.parametrize(
    ("row", "says"),
    [(("a", -1), "`visits` is at least 0: 1 rows"), ((None, 1), "`person_id` is never missing: 1 rows")],
)
def test_a_row_that_breaks_the_contract_stops_the_write(
    lake: Lake, row: tuple[str | None, int], says: str
) -> None:
    parent = lake.ensure(TABLE)
    with pytest.raises(DataError, match=says):
        lake.commit(TABLE, people(lake, ("b", 2), row), mark("one"), parent=parent)
    assert held(lake) == []


def test_every_engine_keeps_the_rules_of_a_table_that_sail_made(lake: Lake) -> None:
    """A lake that one machine began goes on a cluster: Spark must be able to read what delta-rs made of a rule."""
    kinds = ("sale", "return", "exchange", "refund", "gift")
    table = replace(
        TABLE,
        name="gold.visits",
        columns=(*TABLE.columns, Col("until", INT, "Until"), Col("kind", STRING, "Kind")),
        expect=(
            at_least("visits", 0),
            at_most("visits", 9),
            in_order("visits", "until"),
            one_of("kind", kinds),
        ),
    )
    rules = {rule.name: rule.constraint for rule in table.checks}
    SailStore(lake.spark).define(lake.path(table), table, rules, anew=False)
    schema = "person_id string, visits int, until int, kind string"
    good = [("a", 1, 2, "gift"), ("b", None, None, None), ("c", 3, None, "sale")]
    head = log.head(lake.path(table))
    assert head is not None
    version = lake.commit(table, lake.spark.createDataFrame(good, schema), mark("one"), parent=head.version)
    assert sorted(tuple(row) for row in lake.read(table).collect()) == good
    for bad in (("d", -1, 1, "sale"), ("d", 10, 11, "sale"), ("d", 2, 1, "sale"), ("d", 1, 2, "loan")):
        with pytest.raises(DataError):
            lake.commit(table, lake.spark.createDataFrame([bad], schema), mark("two"), parent=version)


def test_missing_extra_and_mistyped_columns_are_refused(lake: Lake) -> None:
    parent = lake.ensure(TABLE)
    rows = lake.spark.createDataFrame([("a", "x", 1)], "person_id string, visits string, more int")
    with pytest.raises(DataError, match=r"extra \['more'\], mistyped \['visits is string, not int'\]"):
        lake.commit(TABLE, rows, mark("one"), parent=parent)


def test_a_restore_brings_back_the_mark_and_a_stranger_takes_it_away(lake: Lake) -> None:
    parent = lake.ensure(TABLE)
    first = lake.commit(TABLE, people(lake, ("a", 1)), mark("one", batch=1), parent=parent)
    lake.commit(TABLE, people(lake, ("b", 1)), mark("two", batch=2), parent=first)
    lake.store.restore(lake.path(TABLE), first)
    restored = log.head(lake.path(TABLE))
    assert restored is not None
    assert restored.mark is not None
    assert restored.mark.batch == 1
    lake.commit(TABLE, people(lake, ("c", 1)), mark("three", batch=3), parent=restored.version)
    assert held(lake) == [("a", 1), ("c", 1)]
    by_somebody = Transaction("somebody", restored.version + 1, "a word of theirs")
    lake.store.write(lake.path(TABLE), [people(lake, ("z", 1))], by_somebody, replace=None)
    strange = log.head(lake.path(TABLE))
    assert strange is not None
    assert strange.mark is None


def test_a_table_of_a_newer_contract_is_left_alone(lake: Lake) -> None:
    newer = replace(TABLE, version=TABLE.version + 1)
    version = lake.commit(newer, people(lake, ("a", 1)), mark("r1"), parent=lake.ensure(newer))
    for touch in (lake.head, lake.read, lake.ensure):
        with pytest.raises(
            DataError, match=r"newer tillpost: its contract has version 2, this one knows version 1"
        ):
            touch(TABLE)
    with pytest.raises(DataError, match="newer tillpost"):
        lake.commit(TABLE, people(lake, ("b", 1)), mark("r2"), parent=version)
    assert [tuple(row) for row in lake.read(newer).collect()] == [("a", 1)]
