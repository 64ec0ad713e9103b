"""The engine: Sail, or Spark with its Java, jars, workers and memory; and a session of either."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from pipelines.doctor.finding import Finding
from pipelines.errors import SystemFault
from pipelines.lakehouse import jars
from pipelines.settings import Settings, SparkSettings

JAVA_VERSIONS = (17, 21)
_GIB = 1 << 30
_BESIDE_DRIVER = _GIB  # what Python, its workers and the system want beside the driver's heap
_INSTALL_JAVA = "Install Java 17 or 21, for example: sudo apt-get install openjdk-17-jre-headless"


def look(spark: SparkSettings) -> list[Finding]:
    """What the engine of the settings needs, looked at without starting it."""
    if spark.engine == "sail":
        return [sail()]
    return [java(), delta_jars(), worker_python(spark), memory(spark)]


def sail() -> Finding:
    """Sail, which computes on one machine without a JVM."""
    try:
        return Finding("sail", True, f"pysail {version('pysail')}")
    except PackageNotFoundError:
        return Finding(
            "sail", False, "pysail is not installed", "Run `make setup`, or --set spark.engine=spark."
        )


def java() -> Finding:
    """The Java that Spark would start: a version that Spark 4.2 supports, with the module it asks for."""
    home = os.environ.get("JAVA_HOME")
    command = str(Path(home, "bin", "java")) if home else "java"
    said = _output(command, "-version")
    if said is None:
        return Finding("java", False, f"{command} does not run", _INSTALL_JAVA)
    match = re.search(r'version "(\d+)[^"]*"', said)
    if match is None or int(match.group(1)) not in JAVA_VERSIONS:
        version = match.group(0) if match else "of an unknown version"
        return Finding("java", False, f"{command} is {version}; Spark needs 17 or 21", _INSTALL_JAVA)
    if "jdk.incubator.vector" not in (_output(command, "--list-modules") or ""):
        detail = f"{command} lacks the module jdk.incubator.vector, as the JDKs in Python wheels do"
        return Finding("java", False, detail, _INSTALL_JAVA)
    return Finding("java", True, f"{command}, {match.group(0)}")


def delta_jars() -> Finding:
    """Delta's jars against their lock, contents and all."""
    if not jars.LOCK.exists() and not jars.FOLDER.exists():
        return Finding("jars", True, "no .jars beside this package: Spark fetches Delta's jars at each start")
    try:
        wrong = jars.faults(hashes=True)
    except SystemFault as fault:
        return Finding("jars", False, fault.message, fault.remedy)
    if wrong:
        return Finding(
            "jars", False, "; ".join(wrong), "Run `make setup`; it fetches what is missing or wrong."
        )
    return Finding("jars", True, f"{len(jars.locked())} in {jars.FOLDER}, hashes right")


def worker_python(spark: SparkSettings) -> Finding:
    """The interpreter of Spark's Python workers: of the driver's minor version, or UDFs fail."""
    local = spark.master is not None and spark.master.startswith("local")
    chosen = os.environ.get("PYSPARK_PYTHON") or spark.conf.get("spark.pyspark.python") or "python3"
    command = sys.executable if local else chosen
    said = _output(command, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    found, wanted = (said or "").strip(), f"{sys.version_info.major}.{sys.version_info.minor}"
    if found != wanted:
        detail = (
            f"{command} is {f'Python {found}' if found else 'no Python that runs'}; the driver's is {wanted}"
        )
        return Finding(
            "workers' python", False, detail, f"Set PYSPARK_PYTHON to a Python {wanted} on every node."
        )
    return Finding("workers' python", True, f"{command}, Python {found}")


def memory(spark: SparkSettings) -> Finding:
    """The machine's (or the container's) memory against the driver's."""
    if spark.master is None:
        return Finding("memory", True, "the cluster's business: spark-submit sets the driver's memory")
    wanted = int(spark.driver_memory[:-1]) << (30 if spark.driver_memory.endswith("g") else 20)
    there = min([psutil.virtual_memory().total, *_container_limit()])
    detail = f"{wanted / _GIB:.1f} GiB for the driver, of {there / _GIB:.1f} GiB"
    if wanted + _BESIDE_DRIVER <= there:
        return Finding("memory", True, detail)
    fits = max((there - _BESIDE_DRIVER) // _GIB, 1)
    return Finding("memory", False, detail, f"Lower it, for example: --set spark.driver_memory={fits}g")


def session(settings: Settings) -> Finding:
    """A session that starts, and a Delta table of one row that is written and read again."""
    from pipelines.context import session as opened
    from pipelines.lakehouse.session import LOG

    remedy = {
        "sail": "Run `make setup` for the locked pysail, or take the other engine: --set spark.engine=spark.",
        "spark": f"Spark's own words are in {LOG}.",
    }[settings.spark.engine]
    with tempfile.TemporaryDirectory(prefix="tillpost-doctor-") as place:
        try:
            with opened(settings, app_name="tillpost doctor") as running:
                running.range(1).write.format("delta").save(f"{place}/table")
                rows = running.read.format("delta").load(f"{place}/table").count()
        except SystemFault as fault:
            return Finding("session", False, fault.message, fault.remedy)
        except Exception as error:  # whatever it is, it is the finding
            why = (str(error) or type(error).__name__).splitlines()[0]
            return Finding("session", False, why, remedy)
    return Finding(
        "session", rows == 1, f"{settings.spark.engine} wrote {rows} row to Delta and read it again"
    )


def _output(*command: str) -> str | None:
    """What a command printed on either stream; null when it does not run or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout + done.stderr if done.returncode == 0 else None


def _container_limit() -> Iterator[int]:
    """The memory limit of the container that we run in, if there is one."""
    try:
        yield int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return
