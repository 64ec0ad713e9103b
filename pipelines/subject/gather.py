"""Everything that leads to a person, found while it can be: their identifiers, messages, contacts, and sealed records.

A contact is theirs alone where nobody else's record holds it; then it is shredded, and so is one that only their
records brought, such as a number that was too widely shared to be anybody's. What somebody else has given, too, such
as a family's phone, is that person's from now on, with the records that tell of it and of nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipelines.bronze import records as bronze
from pipelines.ingest import TOKENS
from pipelines.lakehouse.vault import Sealed, open_sealed
from pipelines.lakehouse.vault_key import KeyRef
from pipelines.landing.forgetting import tokens
from pipelines.landing.personal import SEALED_WHOLE, without
from pipelines.subject.begun import Begun, new_id
from pipelines.subject.held import dataset, records, with_messages
from pipelines.subject.traces import traces
from pipelines.subject.who import Subject, subject

_DIGITS = 9  # the end of a number that is dialled whatever stands before it


def gather(root: str, key: KeyRef, person: str, at: datetime) -> Begun:
    """What an erasure of a person needs to know before anything is deleted.

    Raises:
        UsageError: nobody is called so.
        SystemFault: there is no lake.
        SettingsError: the contacts are sealed under another key.
    """
    who = with_messages(root, subject(root, person))
    contacts = clear(root, key, among(who.tokens))
    who = Subject(who.persons, who.identifiers | _sealed_whole(root, key, who, contacts.values()))
    theirs = _tokens_of(root, who)
    shared = _held_by_others(root, who, theirs)
    who = Subject(who.persons, frozenset(n for n in who.identifiers if n.partition(":")[2] not in shared))
    shred = sorted(theirs - shared)
    gone = clear(root, key, among(shred) & (ds.field("kind") != "record"))
    said = sorted(f"{token.partition(':')[0]}:{contact}" for token, contact in gone.items())
    return Begun(new_id(), at, who, tuple(said), tuple(shred))


def among(which: Collection[str]) -> ds.Expression:
    """Rows of the vault with one of these tokens."""
    return ds.field("token").isin(pa.array(sorted(which), pa.string()))


def clear(root: str, key: KeyRef, which: ds.Expression) -> dict[str, str]:
    """What rows of the vault stand for, by token."""
    vault = dataset(root, TOKENS)
    rows = [] if vault is None else vault.to_table(filter=which).to_pylist()
    return {row["token"]: open_sealed(key, Sealed(**row)) for row in rows}


def _sealed_whole(root: str, key: KeyRef, who: Subject, contacts: Iterable[str]) -> set[str]:
    """The records, and parts of records, that were sealed as they came and in which the person stands."""
    contacts = list(contacts)
    wanted = traces(who, [contact for contact in contacts if "@" in contact])
    numbers = [contact[-_DIGITS:] for contact in contacts if "@" not in contact]
    found = set()
    for token, said in clear(root, key, ds.field("kind") == "record").items():
        digits = re.sub(r"\D", "", said)
        if wanted.in_bytes(said.encode("utf-8", "surrogateescape")) or any(n in digits for n in numbers):
            found |= {f"{name}:{token}" for name in SEALED_WHOLE}
    return found


def _tokens_of(root: str, who: Subject) -> set[str]:
    """The tokens in what will be deleted, and the person's own."""
    found = set(who.tokens)
    for table in bronze.TABLES.values():
        for row in records(root, table, who.identifiers):
            found |= tokens(row["payload"]) - tokens(without(row["payload"], who.identifiers))
    return found


def _held_by_others(root: str, who: Subject, theirs: set[str]) -> set[str]:
    """Those of the tokens that stand in a record of somebody else."""
    found: set[str] = set()
    for table in bronze.TABLES.values():
        table_rows = dataset(root, table)
        if not theirs or table_rows is None:
            continue
        for batch in table_rows.to_batches(columns=["payload"]):
            payloads = batch["payload"]
            likely = pc.fill_null(pc.match_substring_regex(payloads, "|".join(sorted(theirs))), False)
            for payload in payloads.filter(likely).to_pylist():
                if without(payload, who.identifiers) is not None:
                    found |= tokens(payload) & theirs
    return found
