"""What keeps a Delta table quick and small: few files, and none of versions that nobody may read any more.

The log is left whole: watermarks stand in its commits, and a table that nobody writes for weeks still needs its own.
So nothing is committed either where there is nothing to do.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import unquote

from deltalake import DeltaTable, PostCommitHookProperties, WriterProperties
from deltalake.exceptions import DeltaError

from pipelines.errors import ConcurrentWrite, SystemFault
from pipelines.lakehouse import storage

_AS_IT_IS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
_WRITER = WriterProperties(compression="SNAPPY", max_row_group_size=131_072)


@dataclass(frozen=True)
class Kept:
    """What upkeep did to a table.

    Args:
        files: Data files of the newest version before; afterwards `now`.
        now: The same afterwards.
        removed: Files that only earlier versions had, and that are gone.
    """

    files: int
    now: int
    removed: int


def keep_up(path: str, *, keep_days: int, versions: Collection[int]) -> Kept:
    """Put small files together, and delete what no version that may still be read has.

    Args:
        path: Where the table lies.
        keep_days: A version that stood within so many days can be read afterwards.
        versions: Versions that can be read afterwards, however old.

    Raises:
        ConcurrentWrite: somebody wrote the table meanwhile; nothing that is read was lost.
        SystemFault: the engine that made the table gave it what delta-rs does not know, or it cannot be written.
    """
    try:
        table = DeltaTable(path)
        files = len(table.file_uris())
        table.optimize.compact(
            max_concurrent_tasks=1, writer_properties=_WRITER, post_commithook_properties=_AS_IT_IS
        )
        removed = _vacuumed(DeltaTable(path), path, 24 * keep_days, sorted(versions))
        return Kept(files, len(DeltaTable(path).file_uris()), removed)
    except DeltaError as error:
        said = str(error).splitlines()[0]
        if "conflict" in said.lower() or "concurrent" in said.lower():
            raise ConcurrentWrite(f"{path} was written meanwhile: {said}", remedy="Run again.") from error
        raise SystemFault(
            f"{path} cannot be kept up: {said}",
            remedy="A table that Spark clustered is kept up by Spark: OPTIMIZE and VACUUM there.",
        ) from error


def _vacuumed(table: DeltaTable, path: str, hours: int, versions: list[int]) -> int:
    """How many files were deleted; delta-rs names those again that are gone already."""
    there = [version for version in versions if version <= table.version()]

    def vacuum(*, dry_run: bool) -> list[str]:
        return table.vacuum(
            retention_hours=hours,
            dry_run=dry_run,
            enforce_retention_duration=False,
            keep_versions=there or None,
            post_commithook_properties=_AS_IT_IS,
            full=True,
        )

    standing = {info.path for info in storage.list_files(path)}
    found = [file for file in vacuum(dry_run=True) if unquote(file) in standing or file in standing]
    if found:
        vacuum(dry_run=False)
    return len(found)
