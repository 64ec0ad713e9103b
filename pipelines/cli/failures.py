"""What a person meets when a command fails: a message, a remedy and an exit code, never a bare stack trace."""

from __future__ import annotations

import re
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.cli.closing import Closing, asked
from pipelines.errors import SystemFault, TillpostError

_NO_PYTHON = re.compile(r'Cannot run program "([^"]+)".*No such file')


def guarded(work: Callable[[], Any], closing: Closing | None = None) -> int:
    """Run `work` and turn every failure into one clear message and an exit code (see `pipelines.errors`).

    Args:
        work: A command.
        closing: What the command is to say of itself when it ends, for a machine; null: nothing.
    """
    if closing is None:
        return _ended(work, None)
    with asked(closing):
        code = _ended(work, closing)
    closing.say(code)
    return code


def _ended(work: Callable[[], Any], closing: Closing | None) -> int:
    try:
        work()
    except SystemExit as end:  # how a command line ends: by help, by a wrong option, or when all is done
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except KeyboardInterrupt:
        sys.stderr.write("tillpost: stopped. Run the same command again: it goes on from what is done.\n")
        return 130
    except Exception as error:
        return _told(error, closing)
    return 0


def _told(error: Exception, closing: Closing | None) -> int:
    """Say what went wrong; the exit code.

    A function of its own: a fault that is a local of the frame in its own trace is never collected where pydantic
    raised it, and with it the modules that it holds; DuckDB then fills the screen with its complaints at the end.
    """
    from pipelines import console

    fault = _fault(error)
    console.fail(fault)
    if closing is not None:
        closing.fail(fault)
    return fault.exit_code


def _fault(error: Exception) -> TillpostError:
    if isinstance(error, TillpostError):
        return error
    if isinstance(error, OSError):
        return SystemFault(
            f"The machine refused: {error}",
            remedy="Check the disk's space and permissions (`tillpost doctor`), then run again.",
        )
    if missing := _NO_PYTHON.search(str(error)):
        return SystemFault(
            f"Spark's workers have no Python at {missing[1]}",
            remedy="Pass --archives environment.tar.gz#environment to spark-submit, and see that each node has the "
            "interpreter that packed it (docs/cluster.md).",
        )
    return _unexpected(error)


def _unexpected(error: Exception) -> TillpostError:
    """A bug, or a fault of the engine that nobody foresaw: one line now, the whole trace in a file."""
    told = "".join(traceback.format_exception(error))
    first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return TillpostError(
        f"Unexpected {type(error).__name__}: {first[:300]}",
        remedy=f"Run again: what is done is kept. If it comes back, report it with {_kept(told)}",
    )


def _kept(trace: str) -> str:
    """The file that the trace is now in; the trace itself where the disk takes none."""
    try:
        file = Path(tempfile.mkdtemp(prefix="tillpost-")) / "error.txt"
        file.write_text(trace, encoding="utf-8")
    except OSError:
        return trace
    return str(file)
