"""Contacts that are known already, found again after the vault's key was changed.

Ingest makes a contact's digest under the key of the day. Before the key was ever changed that is its token; afterwards
`vault.digests` leads from the digest to the token that the lake has held since the contact was first met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.table import Append, Col, Table
from pipelines.lakehouse.types import STRING

DIGESTS = Table(
    name="vault.digests",
    doc="One row per contact and key that it was sealed anew under: what leads to its token from then on. None, before "
    "the key was ever changed.",
    key=("digest",),
    columns=(
        Col(
            "digest", STRING, "`<kind>:` and the hex HMAC-SHA256 of the contact under the key", nullable=False
        ),
        Col("token", STRING, "What the lake holds instead of the contact, whatever the key", nullable=False),
        Col("key_id", STRING, "That key", nullable=False),
    ),
    write=Append(),
)

_RECORD = ["file", "position"]
_RENAMED = "renamed"
ArrowMap = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


@contextmanager
def known_again(lake: Lake, framed: DataFrame) -> Iterator[DataFrame]:
    """Framed records in which contacts that the vault knows stand by their tokens, to be read more than once.

    Args:
        lake: Whose vault.
        framed: As `framing.FRAMED`: digests stand in `payload` and in `sealed`, which keeps only what is new.
    """
    if lake.head(DIGESTS) is None:
        yield framed
        return
    known = lake.read(DIGESTS).where(F.col("digest") != F.col("token")).select("digest", "token")
    met = (
        framed.select(*_RECORD, F.explode("sealed.token").alias("digest"))
        .join(known, on="digest", how="inner")
        .groupBy(*_RECORD)
        .agg(F.collect_set(F.struct("digest", "token")).alias(_RENAMED))
    )
    both = framed.join(met, on=_RECORD, how="left").select(*framed.columns, _RENAMED)
    with lake.store.held(both.mapInArrow(_by_tokens(framed.schema), framed.schema)) as records:
        yield records


def _by_tokens(schema: StructType) -> ArrowMap:
    arrow = to_arrow_schema(schema, timezone="UTC")

    def renamed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            payloads, sealed = batch["payload"].to_pylist(), batch["sealed"].to_pylist()
            for row, known in enumerate(batch[_RENAMED].to_pylist()):
                for one in known or ():
                    payloads[row] = payloads[row].replace(one["digest"].encode(), one["token"].encode())
                    sealed[row] = [each for each in sealed[row] if each["token"] != one["digest"]]
            columns = {"payload": payloads, "sealed": sealed}
            yield pa.RecordBatch.from_arrays(
                [
                    pa.array(columns[field.name], field.type)
                    if field.name in columns
                    else batch[field.name].cast(field.type)
                    for field in arrow
                ],
                schema=arrow,
            )

    return renamed
