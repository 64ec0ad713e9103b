"""Land vendors' files: check each to its end, convert it, drop what it becomes, and account for every record.

A file that breaks off lands nothing. Its landing files are called after the format, the file and its contents,
so that the same file given again, packed otherwise or from another folder, lands the same bytes in the same
place: nothing changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pipelines.errors import DataError, UsageError
from pipelines.landing.formats.reading import digest, stem, suffix
from pipelines.landing.formats.vendor import JOINED, Aside, Format, Reading, Record
from pipelines.landing.formats.writing import Writer
from pipelines.landing.packing import MAGIC


@dataclass
class Account:
    """What became of the records of some files.

    Args:
        files: Files read to their end.
        again: Files left out, since their like was just read.
        read: The vendor's records.
        written: Canonical records by source, unreadable ones included.
        unreadable: Of those written, how many landed as received.
        aside: By reason, the vendor's records that by design became no record of their own.
        faults: Files of which not all landed, each with why.
    """

    files: int = 0
    again: int = 0
    read: int = 0
    written: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0
    aside: Counter[str] = field(default_factory=Counter)
    faults: list[DataError] = field(default_factory=list)

    @property
    def balanced(self) -> bool:
        """The law: records read = records written + records set aside."""
        return self.read == self.written.total() + self.aside.total()

    def add(self, other: Account) -> None:
        """Take another's figures in."""
        self.files += other.files
        self.read += other.read
        self.written += other.written
        self.unreadable += other.unreadable
        self.aside += other.aside


def land(
    root: str,
    kind: Format,
    paths: Sequence[Path],
    arrived_at: datetime,
    *,
    done: Callable[[], None] = lambda: None,
) -> Account:
    """Convert and drop files, as `found` gives them.

    Args:
        root: The landing root.
        kind: Their format.
        paths: The files.
        arrived_at: When they arrived.
        done: Called once for each file.

    Raises:
        SystemFault: the landing root cannot be written.
    """
    whole, seen = Account(), set[str]()
    by_name = sorted(paths, key=lambda path: (path.name, path))
    for unit in [by_name] if kind.together else [[path] for path in paths]:
        reading = Reading(done)
        try:
            name = _name(kind, unit)
            if name in seen:
                whole.again += len(unit)
            else:
                seen.add(name)
                whole.add(_converted(kind, unit, reading, Writer(root, arrived_at, name)))
        except DataError as error:
            whole.faults.append(error)
        for _ in range(len(unit) - reading.files):
            done()
    return whole


def found(kind: Format, paths: Sequence[Path]) -> list[Path]:
    """The files to read: those named, and those of the format's kinds in folders named, each once, in order.

    Raises:
        UsageError: a path is not there, has another ending than the format's files, or nothing is left to read.
    """
    files: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise UsageError(
                f"There is no {path}", remedy="Check the path; --from takes files and folders of files."
            )
        if path.is_file() and not _is_of(kind, path):
            raise UsageError(
                f"{path} is not a file of {kind.name}, which end in {', '.join(kind.suffixes)}",
                remedy=f"Give such a file, plain or packed ({', '.join(MAGIC)}), or check --format.",
            )
        inside = sorted(_within(path)) if path.is_dir() else [path]
        files |= {file.resolve(): None for file in inside if _is_of(kind, file)}
    if not files:
        raise UsageError(
            f"Nothing to land: no file under {', '.join(map(str, paths))} ends in {', '.join(kind.suffixes)}",
            remedy=f"Give the folder that holds the files of {kind.name}, plain or packed.",
        )
    return list(files)


def _within(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts):
            yield path


def _is_of(kind: Format, path: Path) -> bool:
    packed_parquet = suffix(path) == ".parquet" and path.suffix.lower() in MAGIC
    return suffix(path) in kind.suffixes and not packed_parquet


def _name(kind: Format, unit: Sequence[Path]) -> str:
    """What the landing files are called; the files are read to their end for it."""
    digests = "-".join(digest(path) for path in unit)
    return f"{kind.name}-{digests}" if kind.together else f"{kind.name}-{stem(unit[0])}-{digests}"


def _converted(kind: Format, unit: Sequence[Path], reading: Reading, writer: Writer) -> Account:
    account = Account(files=len(unit))
    for item in kind.convert(unit, reading):
        if isinstance(item, Aside):
            account.aside[item.reason] += item.read
            continue
        account.written[item.source] += 1
        if isinstance(item, Record):
            writer.write(item.source, item.fields)
            if item.read > 1:
                account.aside[JOINED] += item.read - 1
        else:
            writer.refuse(item.source, item.record)
            account.unreadable += 1
    writer.close()
    account.read = reading.count
    if not account.balanced:
        raise RuntimeError(f"{kind.name} read {account.read} records and accounts for others: {account}")
    return account
