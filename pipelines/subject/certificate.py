"""The certificate of an erasure: what was deleted and looked through, and that nothing was found; nothing personal.

`<exports>/erasures/<id>.json`, and the same to read as `<id>.txt`. The person stands in it by keyed hashes alone, of
which whoever has the key and the identifier can tell that it was they.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from pipelines.lakehouse import storage

FOLDER, SCHEMA = "erasures", "erasure/1"


@dataclass(frozen=True)
class Looked:
    """A place that was looked through: its files, their bytes, and the files in which the person was found."""

    place: str
    files: int
    bytes: int
    found: tuple[str, ...]


@dataclass(frozen=True)
class Certificate:
    """An erasure.

    Args:
        id: Its name.
        asked_at: What happened until then is covered (UTC).
        done_at: When it was finished (UTC).
        subject: Keyed hashes of the person's identifiers, as `vault.erasures` has them.
        looked_for: How many identifiers, contacts and forms of them.
        deleted: By table, the rows deleted, and those of others that lost what led to the person.
        purged: By table, the files deleted that only older versions had: it cannot be read as it was before.
        cut: By file outside the tables in which the person stood, `cut` or `deleted`.
        looked: Each place, at the end.
    """

    id: str
    asked_at: datetime
    done_at: datetime
    subject: Sequence[str]
    looked_for: int
    deleted: Sequence[tuple[str, int, int]]
    purged: Sequence[tuple[str, int]]
    cut: Sequence[tuple[str, str]]
    looked: Sequence[Looked]

    @property
    def left(self) -> list[str]:
        """The files in which the person still stands."""
        return [f"{each.place}/{path}" for each in self.looked for path in each.found]


def write(root: str, done: Certificate) -> str:
    """Write a certificate below the exports; gives where, without its ending."""
    place = f"{root.rstrip('/')}/{FOLDER}/{done.id}"
    said = {"schema": SCHEMA, "erased": not done.left, **asdict(done)}
    storage.write_atomically(f"{place}.json", json.dumps(said, indent=1, default=str).encode() + b"\n")
    storage.write_atomically(f"{place}.txt", "".join(f"{line}\n" for line in sentences(done)).encode())
    return place


def sentences(done: Certificate) -> list[str]:
    """The certificate to read."""
    files, size = sum(each.files for each in done.looked), sum(each.bytes for each in done.looked)
    verdict = "Nothing was found." if not done.left else f"FOUND in {len(done.left)} files: not erased."
    return [
        f"Erasure {done.id}, asked for at {done.asked_at:%Y-%m-%d %H:%M:%S} UTC, done at {done.done_at:%H:%M:%S} UTC",
        "",
        f"{files:,} files with {size:,} bytes were looked through for {done.looked_for:,} identifiers, contacts and "
        f"forms of them: raw, unpacked, and value by value. {verdict}",
        *(f"  {each.place}: {each.files:,} files, {each.bytes:,} bytes" for each in done.looked),
        *(f"  FOUND: {path}" for path in done.left),
        "",
        "Deleted rows:",
        *(f"  {table}: {gone:,}, and {cut:,} of others cut" for table, gone, cut in done.deleted),
        "Tables that cannot be read as they were before, with files deleted of older versions:",
        *(f"  {table}: {files:,}" for table, files in done.purged),
        "Files outside the tables:",
        *(f"  {file}: {how}" for file, how in done.cut),
        "",
        "The person, by keyed hashes of what led there:",
        *(f"  {each}" for each in done.subject),
    ]
