"""The one place where a run opens the vault: addresses for the people of a send list, in memory and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.vault import Sealed, open_sealed
from pipelines.lakehouse.vault_key import KeyRef
from pipelines.silver.person_identifiers import cards, current

ADDRESS = ("person_id", "channel", "address")
_SEALED = ("token", "kind", "key_id", "person_key", "sealed")
_TOKEN_OF = {"email": "email", "sms": "phone"}
_PUSH, _PUSH_TOKEN = "push", "push_token"

OpenContacts = Callable[[DataFrame], DataFrame]
"""Opens the vault: `person_id` and `channel` in, `ADDRESS` out, at most one row for each that came in."""


def opener(
    person_identifiers: DataFrame, customers: DataFrame, tokens: DataFrame, key: KeyRef
) -> OpenContacts:
    """A function from people and channels to addresses: an e-mail address, a number (E.164), or a device's token.

    A person with several forms has the contact of the one that arrived last; with several devices, the one that was
    tied to them last. Without any, they have no row. The key is read where the rows are opened, so no plan or log
    holds it.

    Args:
        person_identifiers: `silver.person_identifiers`.
        customers: `silver.customers`.
        tokens: `vault.tokens`.
        key: Where each process finds the vault's key.
    """

    def addresses(people: DataFrame) -> DataFrame:
        owners = cards(current(person_identifiers))
        forms = people.join(owners, on="person_id", how="inner").join(
            customers.select("loyalty_card", "arrived_at", *_TOKEN_OF.values()),
            on="loyalty_card",
            how="inner",
        )
        given = (
            forms.select("person_id", "channel", "arrived_at", "loyalty_card", _token().alias("given"))
            .where(F.col("given").isNotNull())
            .groupBy("person_id", "channel")
            .agg(F.max_by("given", F.struct("arrived_at", "loyalty_card")).alias("token"))
        )
        sealed = given.join(tokens, on="token", how="inner").select("person_id", "channel", *_SEALED)
        opened = sealed.mapInArrow(_opened(key), "person_id string, channel string, address string")
        return opened.unionByName(_devices(person_identifiers, people))

    return addresses


def _token() -> Column:
    """The column of the form that the channel needs."""
    return F.coalesce(
        *(F.when(F.col("channel") == channel, F.col(name)) for channel, name in _TOKEN_OF.items())
    )


def _devices(person_identifiers: DataFrame, people: DataFrame) -> DataFrame:
    holds = F.col("valid_to").isNull() & (F.col("identifier_type") == _PUSH_TOKEN)
    newest = F.max_by("identifier_value", F.struct("valid_from", "identifier_value"))
    devices = person_identifiers.where(holds).groupBy("person_id").agg(newest.alias("address"))
    return people.where(F.col("channel") == _PUSH).join(devices, on="person_id", how="inner").select(*ADDRESS)


def _opened(key: KeyRef) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def opened(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            contacts = [
                open_sealed(key, Sealed(**{name: row[name] for name in _SEALED})) for row in batch.to_pylist()
            ]
            yield pa.RecordBatch.from_pydict(
                {
                    "person_id": batch["person_id"],
                    "channel": batch["channel"],
                    "address": pa.array(contacts, pa.string()),
                }
            )

    return opened
