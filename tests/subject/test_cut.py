"""A file without a person: of lines and rows hers go, a page goes whole."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.subject.cut import cut
from pipelines.subject.traces import Traces

WANTED = Traces(frozenset({"pe4c0f16457bfa734"}))


def test_lines(tmp_path: Path) -> None:
    file = tmp_path / "send_list.jsonl"
    file.write_bytes(b'{"person": "p1"}\n{"person": "pe4c0f16457bfa734"}\n{"person": "p2"}\n')
    assert cut(str(file), WANTED) == "cut"
    assert file.read_bytes() == b'{"person": "p1"}\n{"person": "p2"}\n'
    packed = tmp_path / "S1.jsonl.gz"
    packed.write_bytes(gzip.compress(b"pe4c0f16457bfa734\nother\n"))
    assert cut(str(packed), WANTED) == "cut"
    assert gzip.decompress(packed.read_bytes()) == b"other\n"


def test_rows(tmp_path: Path) -> None:
    """As the factors of a model: what stands beside an id goes with it."""
    file = tmp_path / "persons.parquet"
    people, factors = ["p1", "pe4c0f16457bfa734"], [[1.0], [2.0]]
    pq.write_table(pa.table({"person_id": people, "factors": factors}), file)
    assert cut(str(file), WANTED) == "cut"
    assert pq.read_table(file).to_pylist() == [{"person_id": "p1", "factors": [1.0]}]


def test_a_page(tmp_path: Path) -> None:
    file = tmp_path / "gallery.html"
    file.write_text("<p>pe4c0f16457bfa734</p>")
    assert cut(str(file), WANTED) == "deleted"
    assert not file.exists()
