"""Files outside Spark: the one place that opens, lists, writes or removes them, on a disk or in a store.

A place is a local path (relative or absolute) or a URI that Spark takes too: `file:`, `s3a://`, `abfss://`,
`gs://`, `hdfs://`. Credentials and endpoints come from the machine's environment, never from a URI.
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast
from urllib.parse import quote

import pyarrow as pa
from pyarrow import fs

from pipelines.errors import SystemFault

_BUFFER = 1 << 20  # bytes asked of a store at once: a small read must not become a request


class Unreadable(SystemFault):
    """This one path is missing, is a folder, or may not be read; trying again will not help."""


@dataclass(frozen=True)
class FileInfo:
    """One file of a listing.

    Args:
        path: Relative to the listed root, with `/` between its parts.
        size: Bytes.
    """

    path: str
    size: int


def is_local(root: str) -> bool:
    """Whether the place lies on this machine's own file system."""
    return "://" not in root or root.startswith("file:")


def list_files(root: str) -> Iterator[FileInfo]:
    """Every file under a folder, however deep, in no set order. A missing root holds nothing.

    Raises:
        SystemFault: the store or the disk refuses to list.
    """
    with _explained("list", root):
        files, base = _resolve(root)
        found = files.get_file_info(fs.FileSelector(base, allow_not_found=True, recursive=True))
    prefix = base.rstrip("/") + "/"
    for info in found:
        if info.type == fs.FileType.File:
            yield FileInfo(info.path.removeprefix(prefix), info.size)


def exists(path: str) -> bool:
    """Whether a file or a folder is there."""
    with _explained("look at", path):
        files, inner = _resolve(path)
        return bool(files.get_file_info(inner).type != fs.FileType.NotFound)


def read_bytes(path: str) -> bytes:
    """The whole file.

    Raises:
        Unreadable: it is missing, is a folder, or may not be read.
    """
    with _explained("read", path), open_input(path) as stream:
        return stream.read()


def open_input(path: str) -> BinaryIO:
    """A stream over the bytes as they are stored, nothing decompressed; the caller closes it.

    Raises:
        Unreadable: it is missing, is a folder, or may not be read.
        SystemFault: the store cannot be reached. A later failure of the stream itself is its own OSError.
    """
    with _explained("read", path):
        files, inner = _resolve(path)
        if files.get_file_info(inner).type == fs.FileType.Directory:
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        return cast(BinaryIO, files.open_input_stream(inner, compression=None, buffer_size=_BUFFER))


def write_atomically(path: str, data: bytes) -> None:
    """Write a file so that a reader sees the whole of it or none of it, even if the machine stops half-way.

    The bytes go to a hidden neighbour, which is then renamed over `path`; on a local disk both are flushed.

    Raises:
        SystemFault: disk full, read-only, or not permitted; then `path` is as it was before.
    """
    with _explained("write", path):
        files, inner = _resolve(path)
        folder, _, name = inner.rpartition("/")
        aside = f"{folder}/.{name}.{uuid.uuid4().hex}.tmp"
        files.create_dir(folder, recursive=True)
        try:
            with files.open_output_stream(aside, compression=None) as stream:
                stream.write(data)
            if is_local(path):
                _flush(aside)
            files.move(aside, inner)
        except BaseException:
            if files.get_file_info(aside).type == fs.FileType.File:
                files.delete_file(aside)
            raise
        if is_local(path):
            _flush(folder)


def move(source: str, target: str) -> None:
    """Rename a file or folder within one store, replacing a file; the target's folder is made."""
    with _explained("move", source):
        files, old = _resolve(source)
        _, new = _resolve(target)
        files.create_dir(new.rpartition("/")[0], recursive=True)
        files.move(old, new)


def delete_file(path: str) -> None:
    """Remove a file; one that is gone already is no error."""
    with _explained("delete", path):
        files, inner = _resolve(path)
        if files.get_file_info(inner).type != fs.FileType.NotFound:
            files.delete_file(inner)


def delete_dir(path: str) -> None:
    """Remove a folder and all that it holds; one that is gone already is no error."""
    with _explained("delete", path):
        files, inner = _resolve(path)
        if files.get_file_info(inner).type != fs.FileType.NotFound:
            files.delete_dir(inner)


def _resolve(path: str) -> tuple[fs.FileSystem, str]:
    """The file system and the path inside it. Arrow wants local paths absolute and URIs percent-encoded."""
    if path.startswith("file:"):
        path = "/" + path.removeprefix("file:").lstrip("/")
    scheme, separator, rest = path.partition("://")
    if not separator:
        return fs.LocalFileSystem(), os.path.abspath(path)
    return cast(
        "tuple[fs.FileSystem, str]",
        fs.FileSystem.from_uri(f"{scheme.replace('s3a', 's3')}://{quote(rest.rstrip('/'), safe='/@:')}"),
    )


def _flush(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_REMEDIES = {
    errno.ENOSPC: "Free some disk space there, then run again.",
    errno.EDQUOT: "Free some of the quota there, then run again.",
    errno.EROFS: "The disk is mounted read-only: mount it for writing, or set another root.",
    errno.EACCES: "Give this user the right to the path, or set another root.",
    errno.EPERM: "Give this user the right to the path, or set another root.",
    errno.ENOENT: "Check the path in the settings, or bring the file back.",
    errno.EISDIR: "Put a file there instead of a folder.",
}
_OF_THE_PATH = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM}


@contextmanager
def _explained(doing: str, path: str) -> Iterator[None]:
    """Turn what a store says into one sentence and a remedy."""
    try:
        yield
    except (OSError, pa.ArrowInvalid) as error:
        code = getattr(error, "errno", None)
        kind = Unreadable if doing == "read" and code in _OF_THE_PATH else SystemFault
        said = (str(error).splitlines() or ["no reason given"])[0]
        remedy = _REMEDIES.get(code or 0, "Check that this machine can reach the store, then run again.")
        raise kind(f"Cannot {doing} {path}: {said}", remedy=remedy) from error
