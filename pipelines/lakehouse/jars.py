"""Delta's jars: fetched once into `.jars/`, held to `jars.lock`, and handed to sessions as files.

Spark can resolve them through Ivy at every start; that takes seconds, needs the network, and takes what
comes. So `make setup` runs this module once, and a session names the local files. Only what pyspark does not
ship is kept: Delta's own jars and Unity Catalog's two, which Delta's classes refer to.

    python -m pipelines.lakehouse.jars          fetch what is missing, and verify every hash
    python -m pipelines.lakehouse.jars --lock   resolve anew and write jars.lock, for a new version of Delta
    python -m pipelines.lakehouse.jars --list   the jars, commas between: spark-submit --jars "$(...)"

A checkout without the network: copy the files that jars.lock names into `.jars/`; nothing is then fetched.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import SystemFault

COORDINATE = "io.delta:delta-spark_4.2_2.13:4.4.0"
CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = CHECKOUT / ".jars"
LOCK = CHECKOUT / "jars.lock"

# Ivy's globs over what Delta's pom names and pyspark's own jars folder holds already, often newer.
SHIPPED_WITH_SPARK = ("org.*:*", "com.*:*", "javax.*:*", "commons-*:*", "io.airlift:*")
_REMEDY = "Run `make setup`, which fetches the jars that jars.lock names."


@dataclass(frozen=True, order=True)
class Jar:
    """One line of the lock: a file's name, its size in bytes and its SHA-256 in hex."""

    name: str
    size: int
    sha256: str

    @classmethod
    def of(cls, file: Path) -> Jar:
        """The line that describes a file as it lies on the disk."""
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        return cls(file.name, file.stat().st_size, digest)


def locked(lock: Path = LOCK) -> tuple[Jar, ...]:
    """The jars that the lock names, by name.

    Raises:
        SystemFault: the lock is missing or a line is not `sha256 size name`.
    """
    try:
        lines = [line for line in lock.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
        return tuple(sorted(Jar(name, int(size), sha) for sha, size, name in map(str.split, lines)))
    except (OSError, ValueError) as error:
        raise SystemFault(
            f"The lock of the jars, {lock}, cannot be read: {error}",
            remedy="Restore it with `git checkout jars.lock`.",
        ) from error


def faults(folder: Path = FOLDER, lock: Path = LOCK, *, hashes: bool) -> list[str]:
    """What is wrong with the folder, one phrase for each jar at fault; empty when all is well.

    Args:
        folder: Where the jars lie.
        lock: What they are held to.
        hashes: Compare contents (13 MB), not only names and sizes (under 1 ms: enough at a session's start).
    """
    found = []
    for jar in locked(lock):
        file = folder / jar.name
        if not file.is_file():
            found.append(f"{jar.name} is missing")
        elif (size := file.stat().st_size) != jar.size:
            found.append(f"{jar.name} has {size:,} bytes, not {jar.size:,}")
        elif hashes and Jar.of(file) != jar:
            found.append(f"{jar.name} is another file than the locked one: its SHA-256 differs")
    return found


def local_jars(folder: Path = FOLDER, lock: Path = LOCK) -> tuple[Path, ...]:
    """The files a session should name in `spark.jars`; none where there is no folder (a wheel).

    Raises:
        SystemFault: the folder is there, but a jar is missing or has another size than the locked one.
    """
    if not folder.is_dir():
        return ()
    if wrong := faults(folder, lock, hashes=False):
        what = f"Delta's jars in {folder} are not those of jars.lock: {'; '.join(wrong)}"
        raise SystemFault(what, remedy=_REMEDY)
    return tuple(folder / jar.name for jar in locked(lock))


def fetch(folder: Path = FOLDER, lock: Path = LOCK) -> bool:
    """Bring the folder to what the lock names; true when something had to be fetched.

    Raises:
        SystemFault: the jars cannot be resolved, or are not what the lock names; the folder is unchanged.
    """
    if not faults(folder, lock, hashes=True):
        return False
    with tempfile.TemporaryDirectory(prefix="tillpost-jars-") as scratch:
        fresh = _resolve(Path(scratch))
        if wrong := faults(fresh, lock, hashes=True):
            raise SystemFault(
                f"The jars that came for {COORDINATE} are not those of jars.lock: {'; '.join(wrong)}",
                remedy="Do not use them. Ask whoever runs your package mirror; after a wanted change of "
                "Delta's version, write the lock anew: python -m pipelines.lakehouse.jars --lock",
            )
        folder.mkdir(parents=True, exist_ok=True)
        for jar in locked(lock):
            _place(fresh / jar.name, folder / jar.name)
    return True


def write_lock(lock: Path = LOCK) -> tuple[Jar, ...]:
    """Resolve the coordinate anew and write what came as the lock."""
    with tempfile.TemporaryDirectory(prefix="tillpost-jars-") as scratch:
        jars = tuple(sorted(Jar.of(file) for file in _resolve(Path(scratch)).glob("*.jar")))
    head = f"# {COORDINATE} and what it needs beside pyspark's own jars: sha256, bytes, name.\n"
    head += "# Written by: python -m pipelines.lakehouse.jars --lock\n"
    lines = [f"{jar.sha256} {jar.size:>8} {jar.name}\n" for jar in jars]
    lock.write_text(head + "".join(lines), encoding="utf-8")
    return jars


def _resolve(scratch: Path) -> Path:
    """Let Spark's own Ivy resolve the coordinate into a folder, without starting a session.

    `spark-submit` resolves its packages before it runs the main class; the one named here prints a version
    and ends. Spark's settings apply: `DEFAULT_ARTIFACT_REPOSITORY` in the environment names a mirror.
    """
    import pyspark

    home = Path(pyspark.__file__).parent
    command = [
        *(str(home / "bin" / "spark-submit"), "--packages", COORDINATE),
        *("--conf", f"spark.jars.ivy={scratch}"),
        *("--conf", f"spark.jars.excludes={','.join(SHIPPED_WITH_SPARK)}"),
        *("--class", "org.apache.hadoop.util.VersionInfo", "spark-internal"),
    ]
    environ = {**os.environ, "SPARK_HOME": str(home)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = "\n    ".join(line for line in (done.stdout + done.stderr).splitlines()[-12:] if line.strip())
        raise SystemFault(
            f"Spark could not resolve {COORDINATE} (exit code {done.returncode}). It said:\n    {said}",
            remedy="Check Java (`tillpost doctor`) and the network. For a mirror, set the variable "
            "DEFAULT_ARTIFACT_REPOSITORY to its address; without a network, copy the files that jars.lock "
            "names into .jars/.",
        )
    return scratch / "jars"


def _place(source: Path, target: Path) -> None:
    """Copy so that a reader never sees half a file."""
    part = target.with_suffix(".part")
    shutil.copyfile(source, part)
    part.replace(target)


def main(arguments: Sequence[str]) -> int:
    """The command line in the module's docstring; the exit code is the error's own."""
    try:
        if arguments == ["--list"]:
            print(",".join(map(str, local_jars())))
        elif arguments == ["--lock"]:
            print(f"jars.lock: {len(write_lock())} jars")
        else:
            came = fetch()
            print(f"jars: {len(locked())} in {FOLDER.name}, hashes right{', just fetched' if came else ''}")
    except SystemFault as fault:
        print(f"tillpost: {fault}", file=sys.stderr)
        return fault.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
