"""One line of JSON at the end of a job, for schedulers and log collectors.

```json
{"tillpost": "closing/1", "command": "run", "outcome": "done", "exit_code": 0, "as_of": ["2024-03-03"],
 "runs": ["20240304T060102Z-1f00aa"], "seconds": 41.2, "stages": {"ingest": 5.1, "refine": 20.4},
 "tables": {"written": 25, "unchanged": 9}, "rows": {"received": 310, "accepted": 298, "refused": 7, "duplicates": 5},
 "release": "455a07ca3eef", "error": null}
```

`outcome` is `done`, or the class of the failure: `usage`, `settings`, `data`, `system`, `busy`, `bug`, `stopped`.
`release` is null where nothing was published, `error` where nothing failed; it holds `message` and `remedy`. New keys
may appear in `closing/1`; a key that goes or changes its meaning makes it `closing/2`.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.errors import TillpostError
    from pipelines.run import Outcome

SCHEMA = "closing/1"
OUTCOMES = {0: "done", 2: "usage", 3: "settings", 4: "data", 5: "system", 6: "busy", 130: "stopped"}
"""What an exit code means, in a word; any other is a `bug`."""

_ROWS = ("received", "accepted", "refused", "duplicates")


@dataclass
class Closing:
    """What is to be said of a job when it ends; filled in while it works.

    Args:
        command: The subcommand.
    """

    command: str
    as_of: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    stages: dict[str, float] = field(default_factory=dict)
    tables: Counter[str] = field(default_factory=lambda: Counter(written=0, unchanged=0))
    rows: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(_ROWS, 0)))
    release: str | None = None
    error: dict[str, str] | None = None
    _started: float = field(default_factory=time.monotonic)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Take the time of a stage, of a day among others; also of one that fails."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + time.monotonic() - started

    def tell(self, outcome: Outcome) -> None:
        """One table is done."""
        self.tables["unchanged" if outcome.counts is None else "written"] += 1
        if outcome.counts is not None:
            self.rows.update({name: getattr(outcome.counts, name) for name in _ROWS})

    def fail(self, error: TillpostError) -> None:
        """What went wrong, in the words that a person gets."""
        self.error = {"message": error.message, "remedy": error.remedy}

    def say(self, exit_code: int) -> None:
        """Write the line to standard output, behind all that was said before."""
        facts: dict[str, Any] = {
            "tillpost": SCHEMA,
            "command": self.command,
            "outcome": OUTCOMES.get(exit_code, "bug"),
            "exit_code": exit_code,
            "as_of": self.as_of,
            "runs": self.runs,
            "seconds": round(time.monotonic() - self._started, 1),
            "stages": {name: round(seconds, 1) for name, seconds in self.stages.items()},
            "tables": dict(self.tables),
            "rows": dict(self.rows),
            "release": self.release,
            "error": self.error,
        }
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()


_AT_WORK: ContextVar[Closing | None] = ContextVar("closing", default=None)


def current() -> Closing:
    """What the command at work is to say of itself; where nobody asked, one that is never said."""
    return _AT_WORK.get() or Closing("")


@contextmanager
def asked(closing: Closing) -> Iterator[None]:
    """Let the command that works in the block find what it is to say of itself."""
    before = _AT_WORK.set(closing)
    try:
        yield
    finally:
        _AT_WORK.reset(before)
