"""The journal of what was handed over: by its send key, so that no message goes out twice, whoever is killed when.

A message is claimed before it is handed over, in a transaction of its own; only then may it go, and what became of it
is written behind. A claim whose process was killed leaves the message in doubt: it may have gone. It stays so, and is
told, until somebody who knows says `retry`. A message that the journal does not have is pending.

The journal is one SQLite file beside the machine that sends. It holds no contact.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pipelines.errors import SystemFault


class State(StrEnum):
    """What became of a message."""

    PENDING = "pending"
    CLAIMED = "claimed"
    SENT = "sent"
    REJECTED = "rejected"
    IN_DOUBT = "in_doubt"


_TABLE = """
CREATE TABLE IF NOT EXISTS sends (
  send_key TEXT PRIMARY KEY, channel TEXT NOT NULL, campaign TEXT NOT NULL, state TEXT NOT NULL,
  attempts INTEGER NOT NULL, changed_at TEXT NOT NULL, said TEXT
) STRICT, WITHOUT ROWID
"""

_CLAIM = """
INSERT INTO sends VALUES (?, ?, ?, 'claimed', 1, ?, NULL)
ON CONFLICT (send_key) DO UPDATE SET state = 'claimed', attempts = attempts + 1, changed_at = excluded.changed_at
WHERE state = 'pending'
"""


class Journal:
    """An open journal; see `journal`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def claim(self, send_key: str, channel: str, campaign: str) -> bool:
        """Whether the caller, and nobody else, may hand the message over now."""
        done = self._connection.execute(_CLAIM, (send_key, channel, campaign, _now()))
        return done.rowcount == 1

    def settle(self, send_key: str, state: State, said: str | None = None) -> None:
        """Say what became of a claimed message."""
        self._connection.execute(
            "UPDATE sends SET state = ?, changed_at = ?, said = ? WHERE send_key = ?",
            (state, _now(), said, send_key),
        )

    def doubt_claims(self) -> int:
        """Put what a killed process had claimed in doubt; the caller is the only one who sends."""
        said = ("in_doubt", _now(), "the process that handed it over was killed")
        done = self._connection.execute(
            "UPDATE sends SET state = ?, changed_at = ?, said = ? WHERE state = 'claimed'", said
        )
        return done.rowcount

    def retry_doubtful(self) -> int:
        """Let what is in doubt be pending again: somebody has seen that the carrier does not have it."""
        done = self._connection.execute(
            "UPDATE sends SET state = 'pending', changed_at = ? WHERE state = 'in_doubt'", (_now(),)
        )
        return done.rowcount

    def forget(self, send_keys: Collection[str]) -> int:
        """Leave nothing of messages, not even where the file had them, whose person is on no list any more."""
        done = self._connection.executemany("DELETE FROM sends WHERE send_key = ?", [(k,) for k in send_keys])
        self._connection.execute("VACUUM")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return done.rowcount

    def states(self) -> dict[str, State]:
        """The state of every message by its send key."""
        rows = self._connection.execute("SELECT send_key, state FROM sends").fetchall()
        return {send_key: State(state) for send_key, state in rows}


@contextmanager
def journal(path: str) -> Iterator[Journal]:
    """Open the journal at a local path; it is made where there is none.

    Raises:
        SystemFault: it cannot be read or written.
    """
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(_TABLE)
            yield Journal(connection)
        finally:
            connection.close()
    except (OSError, sqlite3.Error) as error:
        raise SystemFault(
            f"The journal of sent messages {path} cannot be used: {error}",
            remedy="Set delivery.journal to a file that can be written; without it nothing is sent.",
        ) from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
