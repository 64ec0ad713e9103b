"""Small parts of reading and writing, by their own examples and by law."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pipelines.landing.formats
from pipelines import vendor_files
from pipelines.landing.formats import spill
from pipelines.landing.formats.reading import Unread
from pipelines.landing.formats.writing import encoded
from tests.landing.formats.contract import landed

MODULES = [
    vendor_files,
    *(
        importlib.import_module(f"pipelines.landing.formats.{m.name}")
        for m in pkgutil.iter_modules(pipelines.landing.formats.__path__)
    ),
]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rsplit(".", 1)[-1])
def test_the_examples_in_docstrings_hold(module: object) -> None:
    assert not doctest.testmod(module).failed  # type: ignore[arg-type]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=3), st.integers())), st.lists(st.text(max_size=5)))
def test_grouping_keeps_every_value_in_its_order(rows: list[tuple[str, int]], torn: list[str]) -> None:
    found = list(spill.grouped([*map(Unread, torn), *rows]))
    groups = [each for each in found if not isinstance(each, Unread)]
    assert sorted(each.raw for each in found if isinstance(each, Unread)) == sorted(torn)
    assert len(dict(groups)) == len(groups)
    assert dict(groups) == {key: [value for other, value in rows if other == key] for key, _ in rows}


def test_a_line_of_json_is_one_line_whatever_is_in_it() -> None:
    for value in ("a\nb", "\u2028", "\ud800", "ё"):
        line = encoded({"a": value})
        assert line.count(b"\n") == 1
        assert line.decode()
    assert encoded({"a": "ё"}) == '{"a":"ё"}\n'.encode()


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Four times the records, the same peak, give or take: held are a chunk, and a part of what lands, packed."""
    peaks = []
    for size in (700, 2_800):
        path = tmp_path / f"events{size}.json"
        with path.open("w") as out:
            out.write("[")
            for number in range(size):
                out.write(
                    ("," if number else "")
                    + f'{{"event":"open","timestamp":{number},"sg_event_id":"e{number}","x":"{"x" * 2000}"}}'
                )
            out.write("]")
        tracemalloc.start()
        account = landed(tmp_path / "landing", "sendgrid", path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert account.read == size
    assert peaks[1] < 1.5 * peaks[0], peaks
