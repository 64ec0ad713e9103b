"""A real Spark standalone cluster on this machine: a master and workers, processes of their own on loopback."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pyspark

from pipelines.lakehouse import jars
from pipelines.settings import load

HOME = Path(pyspark.__file__).parent
DIST = Path("dist")
EXECUTOR = "CoarseGrainedExecutorBackend"
DRIVER_MB = int(load().spark.driver_memory.removesuffix("g")) * 1024 // 8
"""An eighth of the heap that one machine's driver has, which computes there as well."""


LOOPBACK = "127.0.0.1"
HERE = {**os.environ, "SPARK_HOME": str(HOME), "SPARK_LOCAL_IP": LOOPBACK}


@dataclass(frozen=True)
class Cluster:
    """A master that takes jobs, and the process ids of its workers."""

    url: str
    workers: tuple[int, ...]
    folder: Path

    def executors(self) -> list[psutil.Process]:
        """The executors at work now: children of the workers."""
        children = [child for pid in self.workers for child in psutil.Process(pid).children(recursive=True)]
        return [
            child for child in children if child.name() == "java" and EXECUTOR in " ".join(child.cmdline())
        ]

    def logs(self) -> str:
        """The end of what each executor said, for a test that fails."""
        files = sorted(self.folder.rglob("stderr"))
        return "\n".join(f"{file}: {file.read_text(errors='replace')[-1500:]}" for file in files)

    def submit(self, job: str, *options: str, packed: bool) -> subprocess.Popen[str]:
        """A job as docs/cluster.md has it: client deploy mode, Delta's jars as files.

        Executors work in the environment of `make dist`: packed, which each of them fetches and unpacks first, or as it
        lies where it was made, as on nodes that have one already.
        """
        archive = ("--archives", f"{DIST / 'environment.tar.gz'}#environment") if packed else ()
        python = (
            "./environment/bin/python" if packed else str(Path("build/environment/bin/python").absolute())
        )
        command = [
            str(HOME / "bin" / "spark-submit"),
            *("--master", self.url, "--deploy-mode", "client", "--driver-memory", f"{DRIVER_MB}m"),
            *("--executor-memory", "768m", "--executor-cores", "1"),
            *("--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.driver.bindAddress=127.0.0.1"),
            *("--conf", "spark.ui.enabled=false", "--conf", "spark.locality.wait=0"),
            *archive,
            *("--jars", ",".join(map(str, sorted((DIST / "jars").glob("*.jar"))))),
            f"{DIST}/jobs/{job}.py",
            *("--conf", f"{DIST}/conf/cluster.yaml", *options),
        ]
        pythons = {"PYSPARK_DRIVER_PYTHON": sys.executable, "PYSPARK_PYTHON": python}
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "SPARK_HOME": str(HOME), **pythons},
        )


@contextmanager
def standalone(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """A cluster for the time of the block; each server is ended by its own process id."""
    port, page = free_port(), free_port()
    with ExitStack() as running:
        master = ("master.Master", "--port", str(port), "--webui-port", str(page))
        running.enter_context(_server(folder / "master", *master))
        url = f"spark://127.0.0.1:{port}"
        _wait_for_workers(page, 0)
        pids = []
        for number in range(workers):
            place = folder / f"worker-{number}"
            words = (
                "worker.Worker",
                "--cores",
                "1",
                "--memory",
                "1g",
                "--work-dir",
                str(place / "work"),
                url,
            )
            pids.append(running.enter_context(_server(place, *words)))
        _wait_for_workers(page, workers)
        yield Cluster(url, tuple(pids), folder)


@contextmanager
def _server(folder: Path, name: str, *words: str) -> Iterator[int]:
    folder.mkdir(parents=True)
    command = [
        str(HOME / "bin" / "spark-class"),
        f"org.apache.spark.deploy.{name}",
        "--host",
        "127.0.0.1",
        *words,
    ]
    small = {"SPARK_DAEMON_MEMORY": "384m", "SPARK_HOME": str(HOME), "SPARK_LOCAL_IP": "127.0.0.1"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **small})
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for_workers(page: int, workers: int, seconds: float = 300) -> None:
    """Until the master's page answers, and has so many."""
    deadline, alive = time.monotonic() + seconds, -1
    while alive < workers:
        assert time.monotonic() < deadline, f"{alive} of {workers} workers came"
        time.sleep(0.5)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{page}/json/", timeout=5) as answer:
                alive = int(re.findall(r'"aliveworkers"\s*:\s*(\d+)', answer.read().decode())[0])
        except OSError:
            continue


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def options() -> tuple[str, ...]:
    """Of Spark's own servers and shells, as docs/analysts.md has them."""
    return (
        *("--properties-file", str(Path("conf/spark-sql.conf").absolute())),
        *("--driver-class-path", ":".join(str(jar.absolute()) for jar in jars.local_jars())),
        *("--master", "local[1]", "--driver-memory", "1g", "--conf", "spark.ui.enabled=false"),
        *("--conf", f"spark.driver.host={LOOPBACK}", "--conf", f"spark.driver.bindAddress={LOOPBACK}"),
    )


def until_it_listens(server: subprocess.Popen[bytes], port: int, log: Path, seconds: float = 240) -> None:
    """Until the server answers at its port; fails with the end of its log."""
    deadline = time.monotonic() + seconds
    while True:
        with socket.socket() as knocking:
            knocking.settimeout(1)
            if knocking.connect_ex((LOOPBACK, port)) == 0:
                return
        alive = server.poll() is None and time.monotonic() < deadline
        assert alive, log.read_text(encoding="utf-8", errors="replace")[-3000:]
        time.sleep(0.5)
