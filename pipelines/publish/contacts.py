"""The one place that opens the vault: addresses for the people of a send list, in memory and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.vault import KeyRef, Sealed, open_sealed
from pipelines.silver.person_identifiers import LOYALTY_CARD, current

_SEALED = ("token", "kind", "key_id", "person_key", "sealed")


def opener(
    person_identifiers: DataFrame, customers: DataFrame, tokens: DataFrame, key: KeyRef
) -> Callable[[DataFrame], DataFrame]:
    """A function from people (`person_id`) to their e-mail addresses (`person_id`, `email`), at most one each.

    A person with several forms has the address of the one that arrived last; without a form, or a valid address on
    it, they have no row. The key is read where the rows are opened, so no plan or log holds it.

    Args:
        person_identifiers: `silver.person_identifiers`.
        customers: `silver.customers`.
        tokens: `vault.tokens`.
        key: Where each process finds the vault's key.
    """

    def addresses(people: DataFrame) -> DataFrame:
        cards = (
            current(person_identifiers)
            .where(F.col("identifier_type") == LOYALTY_CARD)
            .select("person_id", F.col("identifier_value").alias("loyalty_card"))
        )
        given = (
            people.join(cards, on="person_id", how="inner")
            .join(customers.where(F.col("email").isNotNull()), on="loyalty_card", how="inner")
            .groupBy("person_id")
            .agg(F.max_by("email", F.struct("arrived_at", "loyalty_card")).alias("token"))
        )
        sealed = given.join(tokens, on="token", how="inner").select("person_id", *_SEALED)
        return sealed.mapInArrow(_opened(key), "person_id string, email string")

    return addresses


def _opened(key: KeyRef) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def opened(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            emails = [
                open_sealed(key, Sealed(**{name: row[name] for name in _SEALED})) for row in batch.to_pylist()
            ]
            yield pa.RecordBatch.from_pydict(
                {"person_id": batch["person_id"], "email": pa.array(emails, pa.string())}
            )

    return opened
