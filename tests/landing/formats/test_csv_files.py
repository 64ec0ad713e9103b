"""CSV: what a writer wrote is read, and a fault costs its own line."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import DataError
from pipelines.landing.formats.csv_files import check_header, csv_records
from pipelines.landing.formats.reading import Unread

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)


def read(tmp_path: Path, text: str | bytes) -> list[Any]:
    path = tmp_path / "a.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(csv_records(path, needs=("a", "b")))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(cells, cells), max_size=6), st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"])
)
def test_what_is_written_is_read(
    tmp_path: Path, rows: list[tuple[str, str]], separator: str, end: str
) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(
        [("a", "b"), *rows]
    )
    assert read(tmp_path, out.getvalue()) == [{"a": one, "b": two} for one, two in rows]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\ufeffa,b\n1,2\n", [{"a": "1", "b": "2"}]),
        ("a;b\n1,5;2\n", [{"a": "1,5", "b": "2"}]),
        (" a , b \n\n1,2", [{"a": "1", "b": "2"}]),
        ("a,b\n1\n1,2,3\n1,2\n", [Unread("1"), Unread("1,2,3"), {"a": "1", "b": "2"}]),
        ('a,b\n"1"x,2\n1,2\n', [Unread('"1"x,2'), {"a": "1", "b": "2"}]),
        ('a,b\n"1,2\n3,4\n5,6\n', [Unread('"1,2'), {"a": "3", "b": "4"}, {"a": "5", "b": "6"}]),
        ('a,b\n"1\n2",3\n', [{"a": "1\n2", "b": "3"}]),
        (b"a,b\n\xff,2\n1,2\n", [Unread(r"\xff,2"), {"a": "1", "b": "2"}]),
        ("a,b\n", []),
    ],
)
def test_shapes(tmp_path: Path, text: str | bytes, found: list[Any]) -> None:
    assert read(tmp_path, text) == found


def test_a_very_long_field_is_one_fault(tmp_path: Path) -> None:
    found = read(tmp_path, f"a,b\n{'x' * 200_000},2\n1,2\n")
    assert isinstance(found[0], Unread)
    assert found[1:] == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize("text", ["", "a,c\n", "1,2\n", "a b\n"])
def test_another_file_is_named_by_its_header(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match="has no column"):
        read(tmp_path, text)
    with pytest.raises(DataError, match="has no column"):
        check_header(tmp_path / "a.csv", needs=("a", "b"))
