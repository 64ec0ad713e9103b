"""A job's log where no terminal reads along: a line of JSON as a stage begins and ends, and for each table.

```json
{"tillpost": "log/1", "at": "2024-03-04T06:01:09Z", "run_id": "20240304T060102Z-1f00aa", "as_of": "2024-03-03",
 "event": "table", "stage": "refine", "table": "silver.receipts", "mode": "batch 3", "version": 4, "seconds": 3.1,
 "rows": {"received": 310, "accepted": 298, "refused": 7, "duplicates": 5}}
```

`event` is `stage_began`, `stage_ended` (with `seconds`, and `outcome`: `done`, or the class of the error), `table`, or
`said`, whose `text` is what a person reads of a stage's result. `mode` says how much of the table was written; `rows`
is null where it was left alone, `version` where it is not there yet. Each cycle of continuous ingest is a run, and its
decisions are the stage `live`; what is said before the first one is of no run, and `stage` is null. A line holds names
and numbers of tables and runs, and no value of a row: no identifier and no secret comes into it. `closing.py` makes the
last line.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from pipelines.cli.closing import Closing

if TYPE_CHECKING:
    from pipelines.run import Outcome

SCHEMA = "log/1"
_ROWS = ("received", "accepted", "refused", "duplicates")


class Log:
    """The lines of one run after the other; stands where a person has `console.Board`.

    Args:
        closing: Is told of each stage and table, too.
    """

    def __init__(self, closing: Closing) -> None:
        self._closing = closing
        self._of: dict[str, str] = {}
        self._stage: str | None = None

    def begin(self, run_id: str, as_of: date) -> None:
        """What is said from now on is of this run."""
        self._of = {"run_id": run_id, "as_of": str(as_of)}

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[None]:
        """A stage of so many tables; ends with a line that says how long it took, and how."""
        self._stage, started, outcome = name, time.monotonic(), "done"
        self._write("stage_began", tables=total)
        try:
            with self._closing.stage(name):
                yield
        except BaseException as error:
            outcome = type(error).__name__
            raise
        finally:
            self._write("stage_ended", outcome=outcome, seconds=round(time.monotonic() - started, 1))

    def tell(self, outcome: Outcome) -> None:
        """One table is done."""
        self._closing.tell(outcome)
        counts = outcome.counts
        self._write(
            "table",
            table=outcome.table,
            mode=outcome.scope,
            version=None if outcome.version < 0 else outcome.version,
            seconds=round(outcome.seconds, 1),
            rows=None if counts is None else {name: getattr(counts, name) for name in _ROWS},
        )

    def say(self, text: str) -> None:
        """A line of a stage's result."""
        self._write("said", text=text)

    def _write(self, event: str, **facts: Any) -> None:
        told = {
            "tillpost": SCHEMA,
            "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            **self._of,
            "event": event,
        }
        sys.stdout.write(json.dumps({**told, "stage": self._stage, **facts}) + "\n")
        sys.stdout.flush()
