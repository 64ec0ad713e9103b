"""What a figure was measured on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from pipelines.lakehouse.mark import code_version


def facts() -> dict[str, str]:
    """Cores, memory, versions, code, date and how busy the machine was before."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "processor": f"{len(os.sched_getaffinity(0))} cores, {_processor()}",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GB",
        "busy with before": f"{os.getloadavg()[0]:.1f} processes (mean of the last minute)",
        "system": f"{platform.system()} {platform.release().split('-')[0]}, Java {_java()}",
        "versions": f"Python {platform.python_version()}, "
        + ", ".join(
            f"{name} {version(name)}" for name in ("pyspark", "pysail", "deltalake", "delta-spark", "mlflow")
        ),
        "code": f"{_commit()}, source {code_version()}",
    }


def _processor() -> str:
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return found[1].strip() if found else platform.machine()


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    java = f"{home}/bin/java" if home else "java"
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "([^"]+)"', said)
    return found[1] if found else "unknown"


def _commit() -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "pipelines", "conf")
    return f"commit {git('rev-parse', '--short', 'HEAD') or 'unknown'}{' and changes' if changed else ''}"
