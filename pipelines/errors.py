"""One tree of errors. Each says what is wrong, where, and what to do next; each class has its own exit code.

| exit code | class | who mends it |
|---|---|---|
| 0 | - | |
| 1 | any other exception | a bug of tillpost's: report it |
| 2 | `UsageError` | the caller: a wrong command or option |
| 3 | `SettingsError` | whoever owns `conf/` |
| 4 | `DataError` | whoever delivers the data |
| 5 | `SystemFault` | whoever runs the machine: disk, Java, network, locks |
| 6 | `LeaseHeld` | nobody: another run is at work; try later |
"""

from __future__ import annotations

from datetime import datetime


class TillpostError(Exception):
    """What went wrong, with the remedy apart so that a command line can show it on a line of its own.

    Args:
        message: What is wrong and where: table, column, counts, sample keys. Never a contact or a card
            number.
        remedy: What the reader should do next, as an imperative sentence.
    """

    exit_code = 1

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  What to do: {self.remedy}"


class UsageError(TillpostError):
    """A command, an option or an argument that cannot be."""

    exit_code = 2


class SettingsError(TillpostError):
    """A setting that is unknown, missing, of the wrong type, or not allowed here.

    Raised before Spark starts.
    """

    exit_code = 3


class DataError(TillpostError):
    """The data break a contract in a way that no quarantine can absorb; nothing was published."""

    exit_code = 4


class SystemFault(TillpostError):
    """The machine failed us: Java, jars, disk, permissions, or a lake that is not there."""

    exit_code = 5


class LeaseHeld(SystemFault):
    """Another run is writing the same tables; the message names it.

    Args:
        message: Which stage, and who has it.
        remedy: As for every error.
        through: Where the holder is `tillpost ingest --continuous`: every file that had arrived before this
            instant is in bronze and silver. Null: it is another run.
    """

    exit_code = 6

    def __init__(self, message: str, *, remedy: str, through: datetime | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.through = through


class ConcurrentWrite(SystemFault):
    """A table moved between the version that a build read and its commit; the commit was not made."""
