"""JSON in every shape that vendors send, cut anywhere: each object once, in order, and what is torn as received."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.landing.formats import json_files, reading
from pipelines.landing.formats.json_files import ODATA, json_records
from pipelines.landing.formats.reading import Unread

scalars = st.none() | st.booleans() | st.integers() | st.text()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
objects = st.lists(st.dictionaries(st.text(), values, max_size=3), max_size=5)
one_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)


def read(tmp_path: Path, text: str | bytes, **how: Any) -> list[Any]:
    path = tmp_path / "a.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return list(json_records(path, **how))


@one_folder
@given(objects, st.sampled_from([None, 0, 2]), st.integers(1, 9), st.booleans())
@example([{'"]}\\': '\\"[{,'}], 2, 1, True)
def test_an_array_on_one_line_or_on_many(
    tmp_path: Path, rows: list[dict[str, Any]], indent: int | None, chunk: int, ascii_only: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_files, "_CHUNK_BYTES", chunk)
        patch.setattr(
            json_files, "_PEEKED_LINE", 4
        )  # so that a short array on one line is read as a long one
        text = json.dumps(rows, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "replace")
        assert read(tmp_path, text) == json.loads(text)


@one_folder
@given(objects, st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_lines(tmp_path: Path, rows: list[dict[str, Any]], end: str) -> None:
    assert read(tmp_path, "".join(json.dumps(row) + end for row in rows)) == rows


@one_folder
@given(objects)
def test_the_array_of_an_odata_answer(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    answer = {"odata.metadata": "https://x/$metadata#y", "value": rows, "odata.nextLink": "z"}
    for indent in (None, 1):
        assert read(tmp_path, json.dumps(answer, indent=indent), envelope=ODATA) == rows


@one_folder
@given(objects.filter(bool), st.integers(0, 200))
def test_a_torn_array_gives_what_is_whole_and_the_rest_as_received(
    tmp_path: Path, rows: list[dict[str, Any]], cut: int
) -> None:
    text = json.dumps(rows, indent=1)
    found = read(tmp_path, text[: min(cut, len(text) - 1)])
    whole = [row for row in found if not isinstance(row, Unread)]
    assert whole == rows[: len(whole)]
    assert len(found) - len(whole) <= 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("\n \n", []),
        ("[]", []),
        ("\ufeff[{}]", [{}]),
        ('{"a": 1}', [{"a": 1}]),
        ('{\n "a": 1\n}\n', [{"a": 1}]),
        ('[{"a": 1}]\n[{"a": 2}, {"a": 3}]\n', [{"a": 1}, {"a": 2}, {"a": 3}]),
        ('[\n{"a": 1}]\n[\n{"a": 2}]', [{"a": 1}, {"a": 2}]),
        ('{"a": 0.10, "b": 1e400, "c": NaN}', [{"a": "0.10", "b": "1e400", "c": "NaN"}]),
        ('{"a": 1}\n{"a": \n{"a": 2}', [{"a": 1}, Unread('{"a":'), {"a": 2}]),
        ('{"torn\n{"a": 2}', [Unread('{"torn'), {"a": 2}]),
        ('[\n{"a": 1},\n2,\n{"b": x},\n{"a": 3}]', [{"a": 1}, Unread("2"), Unread('{"b": x}'), {"a": 3}]),
        ('[\n{"a": 1}\n] and more', [{"a": 1}, Unread("and more")]),
        ("hello\n1\n", [Unread("hello"), Unread("1")]),
        ('{"a": "\ud800"}', [Unread('{"a": "\\xed\\xa0\\x80"}')]),
        ("[" * 100_000, [Unread("[" * 99_999)]),
    ],
)
def test_shapes(tmp_path: Path, text: str, found: list[Any]) -> None:
    assert read(tmp_path, text) == found


def test_a_record_without_end_comes_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_files, "MAX_RECORD_BYTES", 100)
    monkeypatch.setattr(reading, "MAX_RECORD_BYTES", 100)
    monkeypatch.setattr(json_files, "_CHUNK_BYTES", 40)
    found = read(tmp_path, '[\n{"a": "' + "x" * 1000)
    assert all(isinstance(piece, Unread) and len(piece.raw) <= 140 for piece in found)
    assert sum(len(piece.raw) for piece in found) == 1007
    assert len(read(tmp_path, '{"a": 1}\n{"a": "' + "x" * 1000)) == 12
