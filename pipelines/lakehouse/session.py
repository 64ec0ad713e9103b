"""Spark's session: started here, ended here, and the only place that knows there is a JVM.

Three ways in, told apart by nothing but the settings and the environment:

- `spark.master` names a master: this process launches a JVM of its own, with the jars of `.jars/`; for a
  `local` one sized for one machine, with this very interpreter for the workers. What the JVM prints goes to a
  log file, never to the terminal; what went wrong comes back as an exception.
- `spark-submit` launched this process: the JVM is there already and keeps its jars and memory.
- `spark.master` is null otherwise: Spark's own defaults (`spark-defaults.conf`) say where it runs.

Each setting of ours gives way to the same key in `settings.conf`.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pyspark
from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from pipelines.errors import SystemFault
from pipelines.lakehouse import jars
from pipelines.settings import SparkSettings

_CONNECTED = "SPARK_CONNECT_MODE_ENABLED"  # which PySpark sets for Sail, and children of that process inherit
LOG = Path("data/logs/spark.log")
_LOG_LIMIT = 16 * 1024 * 1024  # bytes; a longer log becomes <name>.1 at the next start
_STOP_SECONDS = 20
_PASS_JARS = (
    'Pass Delta\'s jars to spark-submit: --jars "$(python -m pipelines.lakehouse.jars --list)", '
    f"or --packages {jars.COORDINATE} where there is a network."
)

# What a table's content may depend on: the same everywhere.
_MEANING = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.databricks.delta.retentionDurationCheck.enabled": "true",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.log.level": "WARN",
}

_JAVA = "-XX:+UseParallelGC -Duser.timezone=UTC"

# What one small machine needs: Spark's and Delta's own values are sized for clusters.
_ONE_MACHINE = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.databricks.delta.snapshotPartitions": "1",
    # Spark keeps 100 compiled classes, a day's run makes thousands, many of them over and over.
    "spark.sql.codegen.cache.maxEntries": "5000",
    # collect_list and collect_set of more than 128 groups a task would sort every row first.
    "spark.sql.objectHashAggregate.sortBased.fallbackThreshold": "200000",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "8",
    "spark.driver.extraJavaOptions": _JAVA,
}


def submitted() -> bool:
    """Whether spark-submit launched this process, whose JVM is there already."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def spark_session(settings: SparkSettings, *, app_name: str, log: Path = LOG) -> SparkSession:
    """The process's session: a new one, or the open one where there is one.

    Args:
        settings: The master, the driver's memory, the shuffle partitions, and any Spark setting over ours.
        app_name: What Spark's own pages call this run.
        log: Where a local JVM's output goes, appended.

    Raises:
        SystemFault: no JVM, one that refuses the settings, jars that are not the locked ones, or no Delta.
    """
    os.environ.pop(_CONNECTED, None)
    conf = SparkConf(loadDefaults=False)
    conf.setAppName(app_name)
    conf.setAll(list(configuration(settings, launches_jvm=not submitted()).items()))
    if SparkContext._active_spark_context is None:
        if _is_local(settings.master):
            # The workers must be this interpreter, and a SPARK_HOME of another Spark would win over ours.
            os.environ["PYSPARK_PYTHON"] = sys.executable
            os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
        if settings.master and not submitted():
            _launch(conf, log)
    try:
        spark = SparkSession.builder.config(conf=conf).getOrCreate()
        spark.catalog.currentDatabase()  # loads the catalog, and so shows a missing Delta now
    except (Py4JError, PySparkException) as error:
        raise _closed(_first_line(error), settings.master, log) from error
    return spark


def _closed(why: str, master: str | None, log: Path) -> SystemFault:
    """Why there is no session, with what mends it."""
    if "stopped SparkContext" in why:
        return SystemFault(
            "No master took the job: it does not answer, or has ended it",
            remedy="Check spark-submit's --master, and that its host and port can be reached from here; run again.",
        )
    if submitted():
        remedy = _PASS_JARS
    elif master is None:
        remedy = (
            "Nothing names a master: start it by spark-submit (docs/cluster.md), or --set spark.master=..."
        )
    else:
        remedy = f"Run `tillpost doctor`; Spark's own words are in {log}."
    return SystemFault(f"Spark's session could not be opened: {why}", remedy=remedy)


def configuration(settings: SparkSettings, *, launches_jvm: bool = True) -> dict[str, str]:
    """Every Spark setting of a session, as `spark_session` sets it; needs no JVM.

    Args:
        settings: As for `spark_session`.
        launches_jvm: Whether to add what only a JVM yet to be launched can take: jars and memory.
    """
    conf = dict(_MEANING)
    conf["spark.sql.shuffle.partitions"] = str(settings.shuffle_partitions)
    if settings.master:
        conf["spark.master"] = settings.master
    if _is_local(settings.master):
        conf |= _ONE_MACHINE
        # Tables lie under lake.root, none in a warehouse: named so that no folder appears where we stand.
        conf["spark.sql.warehouse.dir"] = str(Path(tempfile.gettempdir()) / "tillpost-warehouse")
    if settings.master and launches_jvm:
        conf["spark.driver.memory"] = settings.driver_memory
        if "spark.jars" not in settings.conf:
            conf |= _jars()
    return conf | dict(settings.conf)


def stop(spark: SparkSession) -> None:
    """End the session and, if this process launched it, the JVM itself; also when the JVM has died."""
    gateway = SparkContext._gateway
    with warnings.catch_warnings(), contextlib.suppress(Py4JError, PySparkException, OSError):
        warnings.simplefilter("ignore", RuntimeWarning)  # that the JVM may have died: it is ended below
        spark.stop()
    _end(gateway)


def _launch(conf: SparkConf, log: Path) -> None:
    """Start a JVM whose output goes to the log, and make it the one that PySpark uses."""
    start = _rotate(log)
    gateway: Any = None
    try:
        with log.open("ab") as output:
            streams = {"stdout": output, "stderr": subprocess.STDOUT}
            gateway = launch_gateway(conf, streams)  # type: ignore[no-untyped-call]
        SparkContext(conf=conf, gateway=gateway)
    except (Py4JError, PySparkException, OSError) as error:
        why = f"Spark's JVM did not start: {_first_line(error)}\n{_tail(log, start)}"
        _end(gateway)
        raise SystemFault(
            why, remedy=f"Run `tillpost doctor`, which names the fix; the whole log is {log}."
        ) from error


def _end(gateway: Any) -> None:
    """Let a JVM that we launched end by itself, as it does when its standard input closes, or kill it."""
    process: subprocess.Popen[bytes] | None = getattr(gateway, "proc", None)
    if process is None:
        return
    with contextlib.suppress(Py4JError, OSError):
        gateway.shutdown()
    with contextlib.suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    try:
        process.wait(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    # PySpark keeps these for a next session, which would then talk to a JVM that is gone.
    SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None


def _is_local(master: str | None) -> bool:
    return master is not None and master.startswith("local")


def _jars() -> dict[str, str]:
    """Delta's jars: the fetched files, or Ivy's work at every start where there is no `.jars` (a wheel)."""
    if files := jars.local_jars():
        return {"spark.jars": ",".join(map(str, files))}
    return {"spark.jars.packages": jars.COORDINATE, "spark.jars.excludes": ",".join(jars.SHIPPED_WITH_SPARK)}


def _rotate(log: Path) -> int:
    """Make the log's folder, move a long log aside, and say at which byte this session's part begins."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_name(log.name + ".1"))
        return log.stat().st_size if log.exists() else 0
    except OSError as error:
        raise SystemFault(
            f"Spark's log {log} cannot be written: {error.strerror}",
            remedy="Run in a folder that you may write to; `tillpost doctor` shows what cannot be written.",
        ) from error


def _tail(log: Path, start: int, lines: int = 8) -> str:
    with contextlib.suppress(OSError), log.open("rb") as content:
        content.seek(start)
        said = content.read().decode(errors="replace").splitlines()
        return "\n".join(f"    {line[:200]}" for line in said[-lines:])
    return ""


def _first_line(error: Exception) -> str:
    """Of an error that may carry a JVM's whole stack, the line that says what it is."""
    java = getattr(error, "java_exception", None)
    return str(java.toString() if java is not None else error).strip().splitlines()[0]
