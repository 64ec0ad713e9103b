"""What leads to a person, and whether it stands in bytes, in a text or in a column.

Most of it is told wherever it stands: an id, a token, a contact, a browser's id. What is short, such as a card `1180`,
is a number like any other, and told only where a name of its kind stands by it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.landing.personal import KINDS, identifiers
from pipelines.subject.held import PAIRS
from pipelines.subject.who import Subject

PAYLOAD = "payload"
_LONG = 12
"""Characters from which on a value is told by itself."""
_KEPT = 31
"""Delta and Parquet cut what they note of a column's least and largest text: so many characters stay."""


@dataclass(frozen=True)
class Traces:
    """What to look for.

    Args:
        words: Told wherever they stand, whatever their case.
        named: Identifiers as `type:value` whose value is told beside a name of its type alone.
        nodes: All identifiers as `type:value`, for records.
    """

    words: frozenset[str]
    named: frozenset[str] = frozenset()
    nodes: frozenset[str] = frozenset()

    def with_words(self, words: Iterable[str]) -> Traces:
        """The same, and more words."""
        return replace(self, words=self.words | frozenset(words))

    def in_bytes(self, data: bytes, *, log: bool = False) -> bool:
        """Whether a trace stands in bytes.

        Args:
            data: Of a file, or of a part of one.
            log: Of a Delta log, in which pairs of columns and predicates tell, too.
        """
        return bool(data) and bool(
            self._met(pa.array([data], pa.large_binary()), self._pattern(log))[0].as_py()
        )

    def in_batch(self, batch: pa.RecordBatch, *, log: bool = False) -> pa.BooleanArray:
        """Of each row whether a trace stands in it, a nested value's included; `log` as for bytes."""
        found = pa.repeat(pa.scalar(False), batch.num_rows)
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if not _has_text(column.type):
                continue
            found = pc.or_(found, self._in_column(name, column, batch, log))
        return found

    def _in_column(self, name: str, column: pa.Array, batch: pa.RecordBatch, log: bool) -> pa.BooleanArray:
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if not _is_text(column.type):
            texts = [None if v is None else json.dumps(v, default=_said) for v in column.to_pylist()]
            return self._met(pa.array(texts, pa.large_string()).cast(pa.large_binary()), self._pattern(log))
        if name == PAYLOAD:
            return self._in_records(column)
        found = self._met(column.cast(pa.large_binary()), self._words)
        for kind, values in self._short.items():
            if KINDS.get(name) == kind or name == f"{kind}s":
                found = pc.or_(found, _among(column, values))
        end = name.removesuffix("_value")
        if end != name and f"{end}_type" in batch.schema.names:
            for kind, values in self._short.items():
                of_kind = _among(batch[f"{end}_type"], [kind])
                found = pc.or_(found, pc.and_(of_kind, _among(column, values)))
        return found

    def _in_records(self, column: pa.Array) -> pa.BooleanArray:
        """Of records whether they carry one of the identifiers, or hold a word."""
        found = self._met(column.cast(pa.large_binary()), self._words)
        likely = self._met(column.cast(pa.large_binary()), self._pattern(log=True))
        rows = [
            sure or (maybe and bool(identifiers(column[row].as_py()) & self.nodes))
            for row, (sure, maybe) in enumerate(zip(found.to_pylist(), likely.to_pylist(), strict=True))
        ]
        return pa.array(rows, pa.bool_())

    def _met(self, column: pa.Array, pattern: str) -> pa.BooleanArray:
        if not pattern:
            return pa.repeat(pa.scalar(False), len(column))
        return pc.fill_null(pc.match_substring_regex(column, pattern, ignore_case=True), False)

    @cached_property
    def _short(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for node in sorted(self.named):
            kind, _, value = node.partition(":")
            found.setdefault(kind, []).append(value)
        return found

    @cached_property
    def _words(self) -> str:
        return "|".join(_word(word) for word in sorted(self.words))

    def _pattern(self, log: bool) -> str:
        return self._of_logs if log else self._of_data

    @cached_property
    def _of_data(self) -> str:
        return "|".join(filter(None, [self._words, *_beside_names(self._short, log=False)]))

    @cached_property
    def _of_logs(self) -> str:
        return "|".join(filter(None, [self._words, *_beside_names(self._short, log=True)]))


def traces(who: Subject, contacts: Collection[str], more: Collection[str] = ()) -> Traces:
    """What leads to a person.

    Args:
        who: The person.
        contacts: Theirs, in clear; also as SHA-256, as advertising systems take them.
        more: Other tokens that only their records held.
    """
    values = {node: node.partition(":")[2] for node in who.identifiers}
    long = {node for node, value in values.items() if len(value) >= _LONG}
    clear = {contact.removeprefix("+") for contact in contacts}
    hashed = {hashlib.sha256(contact.encode()).hexdigest() for contact in contacts}
    words = {*who.persons, *more, *clear, *hashed, *(values[node] for node in long)}
    return Traces(frozenset(words), frozenset(who.identifiers - long), who.identifiers)


def _word(word: str) -> str:
    if word.isdigit():  # not in the middle of a longer number
        return rf"(?:^|[^0-9]){word}(?:[^0-9]|$)"
    return _escaped(word[:_KEPT])


def _beside_names(short: dict[str, list[str]], log: bool) -> Iterator[str]:
    for kind, values in short.items():
        names = [name for name, of in KINDS.items() if of == kind]
        names += [f"{end}_value" for end in PAIRS] if log else []
        either, value = "|".join(names), "|".join(map(_escaped, values))
        yield rf'(?:{either})[\\"]*\s*:\s*[\\"]*(?:{value})(?:[\\",\s}}\]]|$)'
        if log:
            yield rf"(?:{either})[`\\\"]*\s*(?:=|IN)\s*\(?[^()]*'(?:{value})'"


def _escaped(text: str) -> str:
    return re.sub(r"([^A-Za-z0-9_\x80-\U0010ffff])", r"\\\1", text)


def _among(column: pa.Array, values: Collection[str]) -> pa.BooleanArray:
    texts = column.cast(pa.large_string(), safe=False)
    return pc.is_in(texts, value_set=pa.array(sorted(values), pa.large_string()))


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def _has_text(kind: pa.DataType) -> bool:
    """Whether values of a type hold text, however deep."""
    if pa.types.is_dictionary(kind):
        return _has_text(kind.value_type)
    return _is_text(kind) or any(_has_text(kind.field(i).type) for i in range(kind.num_fields))


def _said(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
