"""`tillpost land --format`: what a person asks for and is told when vendors' files land."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipelines import console
from pipelines.errors import DataError, UsageError
from pipelines.landing.formats.land import Account, found
from pipelines.landing.formats.land import land as convert
from pipelines.landing.formats.registry import FORMATS, find
from pipelines.settings import Settings

_UTC = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:Z|\+00:00)")
_ARRIVAL = "Give it as 2024-03-02T00:30:00Z: the second at which the vendor's files were there."


def land(
    settings: Settings, board: console.Board, name: str | None, paths: Sequence[Path], arrived: str | None
) -> Account:
    """Land vendors' files, and say what became of every record.

    Args:
        settings: Where to, and the time zone of clocks that name none.
        board: Shows a bar over the files.
        name: The format; null: not given, which is an error.
        paths: The files, and folders of them.
        arrived: When they arrived; null: not given, which is an error.

    Raises:
        UsageError: what was asked for cannot be: format, path, arrival; or there is no file.
        DataError: a file cannot be landed, or there is no record in any; whatever can be landed has been.
    """
    if name is None:
        raise UsageError(
            "--from and --arrived go with a --format", remedy=f"Give one of {', '.join(FORMATS)}."
        )
    kind, instant = find(name), arrival(arrived)
    if not paths:
        raise UsageError(f"Which files of {name}?", remedy="Name them, or their folders, with --from.")
    files = found(kind, paths)
    with board.stage(f"land {name}", total=len(files)):
        account = convert(
            settings.landing.root,
            kind,
            files,
            instant,
            done=board.step,
        )
    rows = [[what, f"{count:,}"] for what, count in told(account)]
    console.grid(f"Landed in {settings.landing.root}", ["what", "count"], rows, right=("count",))
    if account.faults:
        first, others = account.faults[0], len(account.faults) - 1
        raise DataError(
            first.message + (f" (and {others} more files or sets of files)" if others else ""),
            remedy=f"{first.remedy} Then land it again; what landed beside it stays.",
        )
    if not account.read:
        raise DataError(
            f"Nothing to land: there is no record in the {len(files)} files",
            remedy="Check what the vendor exported.",
        )
    return account


def told(account: Account) -> list[tuple[str, int]]:
    """The account in words; what is written and what is set aside make up what was read."""
    return [
        ("files read", account.files),
        *([("files like another, left out", account.again)] if account.again else []),
        *([("files that could not be landed whole", len(account.faults))] if account.faults else []),
        ("records read", account.read),
        *((f"records written to {source}", count) for source, count in sorted(account.written.items())),
        ("of these unreadable, landed as received", account.unreadable),
        *((reason, count) for reason, count in sorted(account.aside.items())),
    ]


def arrival(text: str | None) -> datetime:
    """The instant of a drop.

    >>> arrival("2024-03-02T00:30:00Z").isoformat()
    '2024-03-02T00:30:00+00:00'

    Raises:
        UsageError: it is no whole second in UTC.
    """
    match = _UTC.fullmatch(text or "")
    if match is None:
        problem = f"--arrived {text} is no instant in UTC" if text else "--arrived is missing"
        raise UsageError(problem, remedy=_ARRIVAL)
    try:
        return datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    except ValueError as error:
        raise UsageError(f"--arrived {text} is no instant: {error}", remedy=_ARRIVAL) from error
