"""Records brought together by a key, whatever their order in the file, in the memory of one bucket.

Records are written to temporary files by the hash of their key and read back a file at a time. 64 buckets of
20 million rows hold some 300,000 rows each.
"""

from __future__ import annotations

import json
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

from pipelines.landing.formats.reading import Unread

Keyed: TypeAlias = tuple[str, Any]

BUCKETS = 64


def grouped(records: Iterable[Keyed | Unread]) -> Iterator[tuple[str, list[Any]] | Unread]:
    """Each key with all its values in their order, always in the same order of keys; then what was not read.

    >>> sorted(grouped([("a", 1), ("b", 2), ("a", 3)]))
    [('a', [1, 3]), ('b', [2])]

    Args:
        records: Key and value, a value being anything that JSON holds; or what has no key, for want of reading.
    """
    with tempfile.TemporaryDirectory(prefix="tillpost-spill-") as folder:
        paths = [Path(folder, f"{number:02d}") for number in range(BUCKETS + 1)]
        with ExitStack() as stack:
            *buckets, torn = [stack.enter_context(path.open("w", encoding="utf-8")) for path in paths]
            for record in records:
                if isinstance(record, Unread):
                    torn.write(json.dumps(record.raw) + "\n")
                    continue
                place = zlib.crc32(record[0].encode("utf-8", "surrogatepass")) % BUCKETS
                buckets[place].write(json.dumps(record) + "\n")
        for path in paths[:-1]:
            yield from _bucket(path)
        with paths[-1].open(encoding="utf-8") as lines:
            yield from (Unread(json.loads(line)) for line in lines)


def _bucket(path: Path) -> Iterator[tuple[str, list[Any]]]:
    found: dict[str, list[Any]] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            key, value = json.loads(line)
            found.setdefault(key, []).append(value)
    path.unlink()
    yield from found.items()
