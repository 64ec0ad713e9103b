"""Laws over every landing contract."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import pipelines.landing
from pipelines.bronze import records as bronze
from pipelines.landing.contract import PRIVATE, UNREAD, Field, Source
from pipelines.landing.sources import SOURCES

ALL = [pytest.param(source, id=source.name) for source in SOURCES]
OWN = {column.name for column in bronze.COLUMNS} | {
    "content_hash",
    "sealed_record",
    "vendor",
    PRIVATE,
    UNREAD,
}


def every(fields: tuple[Field, ...]) -> Iterator[Field]:
    for field in fields:
        yield field
        yield from every(field.many)


def test_every_module_with_a_source_is_listed_under_its_own_name() -> None:
    modules = [
        importlib.import_module(f"pipelines.landing.{m.name}")
        for m in pkgutil.iter_modules(pipelines.landing.__path__)
    ]
    found = {m.__name__.rsplit(".", 1)[-1]: m.SOURCE for m in modules if hasattr(m, "SOURCE")}
    assert found == {source.name: source for source in SOURCES}
    assert len(SOURCES) == len(found)


@pytest.mark.parametrize("source", ALL)
def test_names_are_unique_and_none_is_bronzes_own(source: Source) -> None:
    """Silver carries bronze's columns beside the fields, and a list's fields beside its record's."""
    names = [field.name for field in source.fields]
    assert len(names) == len(set(names))
    assert not {field.name for field in every(source.fields)} & OWN


@pytest.mark.parametrize("source", ALL)
def test_a_field_that_may_be_missing_says_what_that_means(source: Source) -> None:
    """But for `Such as`, an example, where missing says no more than that it was not told."""
    for field in every(source.fields):
        assert field.meaning[0].isupper() or field.meaning[0] == "`"
        if source.name not in ("receipts", "products", "stores", "customers", "campaigns"):
            assert field.required or "missing" in field.meaning, field.name


@pytest.mark.parametrize("source", ALL)
def test_whatever_is_called_a_contact_is_sealed(source: Source) -> None:
    """At the top level, where sealing looks."""
    for field in source.fields:
        assert (field.contact is not None) == (field.name in ("email", "phone")), field.name
    nested = [inner for field in source.fields for inner in every(field.many)]
    assert not [field.name for field in nested if field.contact or field.name in ("email", "phone")]


@pytest.mark.parametrize("source", ALL)
def test_every_source_has_its_bronze_table(source: Source) -> None:
    assert bronze.TABLES[source.name].name == f"bronze.{source.name}"
    assert source.read_schema.fieldNames() == [field.name for field in source.fields]
    assert source.doc.endswith(".")
