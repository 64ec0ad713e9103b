"""A landing contract in plain Python: what silver would have against a record, without a JVM."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pyspark.sql.types import DateType, DecimalType, DoubleType, IntegerType, LongType, TimestampType

from pipelines.landing.contract import PRIVATE, UNREAD, Field, Source
from pipelines.landing.formats.land import Account, found, land
from pipelines.landing.formats.registry import find
from pipelines.landing.sources import SOURCES

GOLDEN = Path(__file__).parents[2] / "golden" / "formats"
ARRIVED = datetime(2024, 3, 2, 0, 30, tzinfo=UTC)
BY_NAME = {source.name: source for source in SOURCES}

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

Record = dict[str, Any]


def landed(root: Path, name: str, *paths: Path) -> Account:
    """Land files of a format."""
    kind = find(name)
    return land(str(root), kind, found(kind, paths), ARRIVED)


def golden(root: Path, name: str, *files: str) -> tuple[Account, dict[str, list[Record]]]:
    """Land a format's fixtures, all or those named; gives the records by source."""
    paths = [GOLDEN / name / file for file in files] or [GOLDEN / name]
    return landed(root, name, *paths), records(root)


def payloads(root: Path) -> dict[str, bytes]:
    """Every landed file's bytes, by its path."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.glob("*/*/*"))}


def lines(root: Path) -> Iterator[tuple[str, bytes]]:
    """Each landed record with its source."""
    for path, payload in payloads(root).items():
        for line in gzip.decompress(payload).splitlines():
            yield path.split("/")[0], line


def records(root: Path) -> dict[str, list[Record]]:
    """The landed records by source."""
    found: dict[str, list[Record]] = {}
    for source, line in lines(root):
        found.setdefault(source, []).append(json.loads(line))
    return found


def objections(record: Record, source: Source) -> list[str]:
    """`CODE:field` for each reason silver would have against a record, and for each field it does not know."""
    return sorted(_objections(record, source.fields, {"vendor", PRIVATE, UNREAD}))


def _objections(record: Record, fields: Sequence[Field], more: set[str]) -> Iterator[str]:
    yield from (f"UNKNOWN:{name}" for name in record.keys() - {field.name for field in fields} - more)
    for field in fields:
        value = record.get(field.name)
        if value in (None, "", []):
            if field.required:
                yield f"MISSING_VALUE:{field.name}"
        elif field.many:
            for each in value:
                yield from _objections(each, field.many, {"vendor"})
        elif not isinstance(value, str | int) or not _fits(str(value), field):
            yield f"WRONG_TYPE:{field.name}"


def _fits(text: str, field: Field) -> bool:
    try:
        match field.type:
            case TimestampType():
                shaped = _INSTANT.fullmatch(text) or (field.local and _INSTANT.fullmatch(text + "Z"))
                return bool(shaped and datetime.fromisoformat(text))
            case DateType():
                return bool(_DAY.fullmatch(text) and datetime.fromisoformat(text))
            case DecimalType(scale=scale):
                return Decimal(text) == round(Decimal(text), scale)
            case IntegerType() | LongType():
                return str(int(text)) == text
            case DoubleType():
                return float(text) == float(text)
            case _:
                return True
    except (ValueError, InvalidOperation):
        return False
