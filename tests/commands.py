"""Commands in processes of their own, over the golden shop."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pipelines.settings import Settings
from tests.conftest import as_words


def started(settings: Settings, *command: str) -> subprocess.Popen[str]:
    """A command in a session of processes that can be killed as one; what it says comes through its stdout."""
    words = [str(Path(sys.executable).with_name("tillpost")), *command]
    words += as_words(settings, **{"spark.driver_memory": "2g"})
    return subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
