"""JSON as vendors send it: an array, arrays one after another, JSON Lines, or an array inside an envelope.

Line by line where the first line is a JSON text by itself, so that a torn line costs itself and no other.
Otherwise by counting brackets, so that an array of any length, on one line or on many, is read as it comes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.landing.formats.reading import (
    MAX_RECORD_BYTES,
    Fields,
    Unread,
    decoded,
    lines,
    opened,
    unread,
)

ODATA = re.compile(rb'\s*\{\s*(?:"@?odata\.\w+"\s*:\s*"[^"]*"\s*,\s*)*"value"\s*:\s*(?=\[)')
"""What stands before the array in an answer of an OData service."""

_PEEKED_LINE = 1 << 20
_CHUNK_BYTES = 1 << 20
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_TO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|' + _STRING + rb")*+", re.DOTALL)
_TO_BRACKET_OR_COMMA = re.compile(rb'(?:[^"\[\]{},]++|' + _STRING + rb")*+", re.DOTALL)


def json_records(path: Path, envelope: re.Pattern[bytes] | None = None) -> Iterator[Fields | Unread]:
    """The objects in a file, each once and in order; anything else in their place is `Unread`."""
    with opened(path) as stream:
        inside = envelope.match(stream.peek()) if envelope else None
        if inside:
            stream.read(inside.end())
        by_line = not inside and _is_lines(path)
        for raw in lines(stream) if by_line else _elements(stream, once=bool(inside)):
            if raw.strip():
                yield from _objects(raw, flatten=by_line)


def _objects(raw: bytes, *, flatten: bool) -> Iterator[Fields | Unread]:
    value = decoded(raw)
    if flatten and isinstance(value, list):
        # Each element of a line's array is a record; one that is no object makes the whole line unread.
        values: list[Any] = value if all(isinstance(each, dict) for each in value) else [unread(raw)]
        yield from values
    elif isinstance(value, dict | Unread):
        yield value
    else:
        yield unread(raw)


def _is_lines(path: Path) -> bool:
    """Whether the first line that is not blank is a JSON text, or at least does not begin a longer one."""
    with opened(path) as stream:
        first = next((line for line in _short_lines(stream) if line.strip()), b"{}\n")
    whole = first.endswith(b"\n") or len(first) < _PEEKED_LINE
    if whole and not isinstance(decoded(first), Unread):
        return True
    return not first.lstrip().startswith(b"[") and first.strip() != b"{"


def _short_lines(stream: io.BufferedReader) -> Iterator[bytes]:
    while line := stream.readline(_PEEKED_LINE):
        yield line


def _elements(stream: io.BufferedReader, *, once: bool) -> Iterator[bytes]:
    """The elements of arrays, objects outside of them, and whatever else stands between or is torn.

    With `once`, those of the first array only: what follows it is its envelope's.
    """
    buffer, start, at, depth, in_array = b"", 0, 0, 0, False
    while chunk := stream.read(_CHUNK_BYTES):
        buffer, at, start = buffer[start:] + chunk, at - start, 0
        while mark := buffer[(at := _next(buffer, at, commas=depth == 1 and in_array)) : at + 1].strip(b'"'):
            at += 1
            if mark in b"[{":
                if depth == 0:
                    yield buffer[start : at - 1].strip(b", \t\r\n")
                    in_array = mark == b"["
                    start = at if in_array else at - 1
                depth += 1
            elif mark in b"]}":
                if depth == 1:
                    yield buffer[start : at - in_array]
                    start = at
                    if once:
                        return
                depth = max(0, depth - 1)
            else:
                yield buffer[start : at - 1]
                start = at
        if len(buffer) - start > MAX_RECORD_BYTES:
            yield buffer[start:]
            start = at = len(buffer)
    yield buffer[start:]


def _next(buffer: bytes, at: int, *, commas: bool) -> int:
    """Where the next bracket stands, or comma; or a string that is not whole yet, or the end."""
    found = (_TO_BRACKET_OR_COMMA if commas else _TO_BRACKET).match(buffer, at)
    return found.end() if found else at
