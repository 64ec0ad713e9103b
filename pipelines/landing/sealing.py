"""Take the contacts out of a record before it lands: a token stands where each contact stood.

Only the contact's own characters change; every other byte of the record stays as received, its numbers too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.calc.contacts import normal
from pipelines.lakehouse.vault import Envelope, Kind, Sealed
from pipelines.lakehouse.vault_key import KeyRef

INVALID = "invalid:"
"""Stands before the token of a contact that is none: no mailbox or number could be written so."""

_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)
_SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True)
class Sealing:
    """How a source's contacts are sealed.

    Args:
        contacts: The top-level fields that hold contacts, with their kind; in lower case. A sender's capitals
            count too: silver would not read such a field, but bronze must not hold it. What is of the kind
            `record` is sealed as received, whatever it is.
        key: The vault's key.
        default_region: Of phone numbers without a country code.
    """

    contacts: Mapping[str, Kind]
    key: KeyRef
    default_region: str

    def apply(self, record: bytes) -> tuple[bytes, list[Sealed]]:
        """The record without its contacts, and those contacts, sealed under one new key.

        - a contact becomes its token, `"email:..."`; a blank one becomes null;
        - one that is no contact becomes `"invalid:email:..."` and is sealed as received;
        - a record that is no JSON object may hold anything: it is sealed whole, and
          `{"sealed_record": "record:..."}` stands for it.
        """
        try:
            return self._replaced(record.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError):
            envelope = Envelope(self.key)
            return json.dumps({"sealed_record": envelope.seal("record", record)}).encode(), envelope.rows

    def doubtful(self, records: pa.BinaryArray) -> list[int]:
        """The places of the records that may hold a contact; `apply` gives any other as it is.

        A look at the bytes is enough for those that are braced and have no contact's name in them, spelt out or
        escaped. No piece of a torn record passes: a contact follows its name, or the piece has lost its brace.
        Parsing every record instead would cost some twenty times as much (4 s a hundred megabytes).

        Args:
            records: None of them null or empty.
        """
        first, past = records.offset, records.offset + len(records)
        bounds = np.frombuffer(records.buffers()[1], np.int32)[first : past + 1]
        held = memoryview(records.buffers()[2])[bounds[0] : bounds[-1]].tobytes()
        starts = bounds - bounds[0]
        bare = np.frombuffer(held, np.uint8)
        found = (bare[starts[:-1]] != ord("{")) | (bare[starts[1:] - 1] != ord("}"))
        lowered, ends = held.lower(), starts[1:]
        for mark in self._marks:
            at = lowered.find(mark)
            while at >= 0:
                place = int(np.searchsorted(ends, at, side="right"))
                found[place] = True  # what spans two records makes the first doubtful, which costs no more
                at = lowered.find(mark, int(ends[place]))
        return [int(place) for place in np.flatnonzero(found)]

    @cached_property
    def _marks(self) -> tuple[bytes, ...]:
        """Bytes, one of which is in every object that holds a contact."""
        names = tuple(name.encode() for name in self.contacts)
        return (*names, b"\\u", b"@") if "email" in self.contacts.values() else (*names, b"\\u")

    def _replaced(self, text: str) -> tuple[bytes, list[Sealed]]:
        envelope, pieces, at = Envelope(self.key), [], 0
        for name, value, start, end in members(text):
            kind = self.contacts.get(name.lower())
            if kind and value is not None:
                stand_in = self._stand_in(envelope, kind, value, text[start:end])
                pieces += [text[at:start], json.dumps(stand_in)]
                at = end
        return _bytes("".join([*pieces, text[at:]])), envelope.rows

    def _stand_in(self, envelope: Envelope, kind: Kind, value: Any, received: str) -> str | None:
        """What to write for a contact; a list or an object is none, whatever it holds."""
        if kind == "record":
            return envelope.seal(kind, _bytes(value if isinstance(value, str) else received))
        if not isinstance(value, str):
            return INVALID + envelope.seal(kind, _bytes(received))
        if not value.strip():
            return None
        written = normal(kind, value, self.default_region)
        token = envelope.seal(kind, _bytes(written or value))
        return token if written else INVALID + token


def _bytes(text: str) -> bytes:
    """What `decode("utf-8", "surrogateescape")` was given."""
    return text.encode("utf-8", "surrogateescape")


def members(text: str) -> Iterator[tuple[str, Any, int, int]]:
    """The top-level members of a JSON object: name, value, and where the value starts and ends.

    Numbers come as text, so that no digit is lost. A name that comes twice is given twice.

    Raises:
        ValueError: not one JSON object and nothing else.
    """
    at = _expect(text, _skip(text, 0), "{")
    more = text[at : at + 1] != "}"
    while more:
        name, end = _DECODER.raw_decode(text, at)
        if text[at] != '"':
            raise ValueError("a name is a string")
        start = _expect(text, _skip(text, end), ":")
        value, end = _DECODER.raw_decode(text, start)
        yield name, value, start, end
        at = _skip(text, end)
        more = text[at : at + 1] == ","
        at = _skip(text, at + 1) if more else at
    if _expect(text, at, "}") != len(text):
        raise ValueError("something follows the object")


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _expect(text: str, at: int, character: str) -> int:
    """The place after a character and the space behind it."""
    if text[at : at + 1] != character:
        raise ValueError(f"no {character}")
    return _skip(text, at + 1)
