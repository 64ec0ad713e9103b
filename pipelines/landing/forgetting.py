"""Records of who was erased, left out where files of before the erasure land once more.

A record is of before it where it arrived, or where what it tells of happened, before it; and where it lacks the instant
that it must have. What a person does later is that of a new acquaintance.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql.types import TimestampType

from pipelines.lakehouse.erasures import Suppression
from pipelines.lakehouse.vault import Sealed, open_sealed
from pipelines.lakehouse.vault_key import KeyRef
from pipelines.landing.contract import Source
from pipelines.landing.personal import identifiers, may_carry, without

TOKEN = re.compile(r"(?:email|phone|record):[0-9a-f]{64}")
ArrowMap = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
_SIGNED = "joined_on"  # of a form: the one date of what happened that is no instant
_LONG_AGO = 0


def tokens(payload: bytes | None) -> set[str]:
    """The tokens that stand in a record; none where there is no record."""
    return set(TOKEN.findall((payload or b"").decode("utf-8", "replace")))


def honoured(framed: DataFrame, source: Source, erased: Suppression | None) -> DataFrame:
    """Framed records without those of before an erasure whose person it was; their contacts are not sealed.

    Args:
        framed: As `framing.FRAMED`, before contacts are known again by older tokens.
        source: Whose records they are.
        erased: Who was; null: nobody.
    """
    if erased is None or not erased.known or not may_carry(source):
        return framed
    clock = [f.name for f in source.fields if f.required and f.type == TimestampType()]
    return framed.mapInArrow(_kept(erased, clock), framed.schema)


def _kept(erased: Suppression, clock: list[str]) -> ArrowMap:
    names = "|".join(clock or [_SIGNED])
    happened = rf'"(?:{names})"\s*:\s*"(?P<at>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[^"]*)"'
    newest = max(erased.known.values())
    last_day = (datetime.fromtimestamp(newest / 1e6, UTC) + timedelta(days=1)).date().isoformat()  # anywhere

    def kept(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            arrived = (
                batch["arrived_at"].cast(pa.timestamp("us", batch["arrived_at"].type.tz)).cast(pa.int64())
            )
            payloads = batch["payload"]
            at = pc.struct_field(pc.extract_regex(payloads.cast(pa.large_binary()), happened), "at")
            day = pc.binary_slice(at, 0, 10).cast(pa.large_string())
            old = pc.or_(pc.less(arrived, newest), pc.fill_null(pc.less_equal(day, last_day), bool(clock)))
            doubtful = pc.indices_nonzero(pc.and_(old, pc.is_valid(payloads))).to_pylist()
            if not doubtful:
                yield batch
                continue
            columns = {"payload": payloads.to_pylist(), "sealed": batch["sealed"].to_pylist()}
            lost = set()
            for row in doubtful:
                otherwise = _LONG_AGO if clock else arrived[row].as_py()
                then = min(arrived[row].as_py(), _instant(at[row].as_py(), otherwise))
                rest = _left(erased, columns["payload"][row], columns["sealed"][row] or [], then)
                if rest is None:
                    lost.add(row)
                elif rest != columns["payload"][row]:
                    columns["payload"][row] = rest
                    still = tokens(rest)
                    columns["sealed"][row] = [s for s in columns["sealed"][row] or [] if s["token"] in still]
            arrays = [
                pa.array(columns[f.name], f.type) if f.name in columns else batch[f.name]
                for f in batch.schema
            ]
            stays = pa.array([row not in lost for row in range(batch.num_rows)], pa.bool_())
            yield pa.RecordBatch.from_arrays(arrays, schema=batch.schema).filter(stays)

    return kept


def _instant(text: bytes | None, otherwise: int) -> int:
    """An instant as a record has it, in microseconds since 1970 (UTC)."""
    try:
        told = datetime.fromisoformat((text or b"").decode())
    except ValueError:
        return otherwise
    return int((told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp() * 1e6)


def _left(erased: Suppression, payload: bytes, sealed: list[dict[str, object]], then: int) -> bytes | None:
    """What is left of a record of an instant without those who were erased later; null: nothing."""
    clear = {str(row["token"]): _clear(erased.key, row) for row in sealed}
    gone = set()
    for node in identifiers(payload):
        kind, _, value = node.partition(":")
        same = [node, f"{kind}:{clear[value]}"] if value in clear else [node]
        if erased.since(same, then):
            gone.add(node)
    return without(payload, gone) if gone else payload


def _clear(key: KeyRef, row: dict[str, object]) -> str:
    return open_sealed(key, Sealed(**row))  # type: ignore[arg-type]
