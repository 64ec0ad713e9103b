"""`tillpost doctor`: what a run needs of this machine, looked at one by one, each fault with its remedy.

A check looks and never mends: it makes no folder and, unless asked to go deep, starts no session.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from pipelines.errors import SystemFault
from pipelines.lakehouse import jars, storage, vault
from pipelines.settings import Settings, SparkSettings

JAVA_VERSIONS = (17, 21)
MIN_FREE = 5 << 30  # bytes: the demo's lake, its landing files and Spark's shuffles, with room to spare
_GIB = 1 << 30
_BESIDE_DRIVER = _GIB  # what Python, its workers and the system want beside the driver's heap
_INSTALL_JAVA = "Install Java 17 or 21, for example: sudo apt-get install openjdk-17-jre-headless"


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Args:
        check: What was looked at, in a word or two.
        ok: Whether a run can go on with it.
        detail: What was found: versions, paths, sizes.
        remedy: What to do where it is not ok; empty where it is.
    """

    check: str
    ok: bool
    detail: str
    remedy: str = ""


def examine(settings: Settings, *, deep: bool = False) -> list[Finding]:
    """Every finding, faults and all, in the order in which a run would meet them.

    Args:
        settings: The settings that a run would have.
        deep: Start a session as well, and write and read a Delta table of one row in a temporary folder.
    """
    spark, lake = settings.spark, settings.lake.root
    findings = [
        Finding("settings", True, f"read; engine {settings.spark.engine}, lake {lake}"),
        *(
            [sail()]
            if settings.spark.engine == "sail"
            else [java(), delta_jars(), worker_python(spark), memory(spark)]
        ),
        disk(lake),
        writable("lake", lake, key="lake.root"),
        writable("landing", settings.landing.root, key="landing.root"),
        writable("exports", settings.exports.root, key="exports.root"),
        vault_key(settings.vault.key_file, may_be_made=settings.vault.allow_generated_key),
        tracking(settings.tracking.uri),
    ]
    return [*findings, session(settings)] if deep else findings


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


def disk(root: str) -> Finding:
    """The free space where the lake lies."""
    if not storage.is_local(root):
        return Finding("disk", True, f"{root} is a store: its space is not looked at")
    place = _nearest(root)
    free = shutil.disk_usage(place).free
    detail = f"{free / _GIB:.1f} GiB free at {place}"
    remedy = (
        f"Free {MIN_FREE / _GIB:.0f} GiB, or put the lake on a larger disk: --set lake.root=/path/to/lake"
    )
    return Finding("disk", True, detail) if free >= MIN_FREE else Finding("disk", False, detail, remedy)


def writable(check: str, root: str, *, key: str) -> Finding:
    """Whether a folder can be written, or made; `key` is the setting that names it."""
    if not storage.is_local(root):
        return Finding(check, True, f"{root} is a store: a run writes there with the machine's credentials")
    place = _nearest(root)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        detail = f"{place} cannot be written: {error.strerror}"
        return Finding(check, False, detail, f"Mend its permissions or mount, or set {key} to another place.")
    there = place == Path(_local(root)).absolute()
    return Finding(check, True, root if there else f"{root}, to be made by the first run")


def vault_key(file: str, *, may_be_made: bool) -> Finding:
    """The vault's key: only its owner may read it; where it is missing, it must be allowed to be made."""
    path = Path(file)
    if vault.VARIABLE in os.environ:
        return Finding("vault key", True, f"in the variable {vault.VARIABLE}")
    if not path.exists():
        if may_be_made:
            return Finding("vault key", True, f"{file}, to be made by the first run")
        remedy = f"Put the key there with mode 600, or its text into the variable {vault.VARIABLE}."
        return Finding("vault key", False, f"{file} is missing, and may not be generated here", remedy)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Finding(
            "vault key", False, f"{file} has mode {mode:o}: others can read it", f"chmod 600 {file}"
        )
    return Finding("vault key", True, f"{file}, mode {mode:o}")


def tracking(uri: str) -> Finding:
    """The MLflow store: a database that opens, a folder that can be written, or a server that answers."""
    parts = urlsplit(uri)
    try:
        if parts.scheme in ("http", "https"):
            with urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=5):
                return Finding("mlflow", True, f"{uri} answers")
        if parts.scheme == "sqlite":
            return _sqlite(Path(uri.removeprefix("sqlite:///")))
    except (OSError, ValueError, sqlite3.Error) as error:
        return Finding("mlflow", False, f"{uri}: {error}", "Start the store, or mend tracking.uri.")
    if parts.scheme in ("", "file"):
        return writable("mlflow", uri, key="tracking.uri")
    return Finding("mlflow", True, f"{parts.scheme} store, not looked at")


def session(settings: Settings) -> Finding:
    """A session that starts, and a Delta table of one row that is written and read again."""
    from pipelines.context import session as opened
    from pipelines.lakehouse.session import LOG

    with tempfile.TemporaryDirectory(prefix="tillpost-doctor-") as place:
        try:
            with opened(settings, app_name="tillpost doctor") as running:
                running.range(1).write.format("delta").save(f"{place}/table")
                rows = running.read.format("delta").load(f"{place}/table").count()
        except SystemFault as fault:
            return Finding("session", False, fault.message, fault.remedy)
        except Exception as error:  # whatever it is, it is the finding
            return Finding("session", False, str(error).splitlines()[0], f"Spark's own words are in {LOG}.")
    return Finding(
        "session", rows == 1, f"{settings.spark.engine} wrote {rows} row to Delta and read it again"
    )


def _sqlite(file: Path) -> Finding:
    if not file.exists():
        return writable("mlflow", str(file.parent), key="tracking.uri")
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as store:
        store.execute("SELECT name FROM sqlite_master").fetchall()
    return Finding("mlflow", True, str(file))


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


def _local(root: str) -> str:
    return urlsplit(root).path if root.startswith("file:") else root


def _nearest(root: str) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    path = Path(_local(root)).absolute()
    return next(place for place in (path, *path.parents) if place.is_dir())
