"""What a person meets when a command fails: a message, a remedy and an exit code, never a bare stack trace."""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.errors import SystemFault, TillpostError


def guarded(work: Callable[[], Any]) -> int:
    """Run `work` and turn every failure into one clear message and an exit code (see `pipelines.errors`)."""
    try:
        work()
    except TillpostError as error:
        from pipelines import console

        console.fail(error)
        return error.exit_code
    except OSError as error:
        from pipelines import console

        fault = SystemFault(
            f"The machine refused: {error}",
            remedy="Check the disk's space and permissions (`tillpost doctor`), then run again.",
        )
        console.fail(fault)
        return fault.exit_code
    except Exception as error:
        return _unexpected(error)
    except KeyboardInterrupt:
        sys.stderr.write("tillpost: stopped. Run the same command again: it goes on from what is done.\n")
        return 130
    return 0


def _unexpected(error: Exception) -> int:
    """A bug, or a fault of the engine that nobody foresaw: one line now, the whole trace in a file."""
    from pipelines import console

    told = "".join(traceback.format_exception(error))
    first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    console.fail(
        TillpostError(
            f"Unexpected {type(error).__name__}: {first[:300]}",
            remedy=f"Run again: what is done is kept. If it comes back, report it with {_kept(told)}",
        )
    )
    return TillpostError.exit_code


def _kept(trace: str) -> str:
    """The file that the trace is now in; the trace itself where the disk takes none."""
    try:
        file = Path(tempfile.mkdtemp(prefix="tillpost-")) / "error.txt"
        file.write_text(trace, encoding="utf-8")
    except OSError:
        return trace
    return str(file)
