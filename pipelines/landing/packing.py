"""Files packed by gzip or Zstandard, read as a stream of what they hold."""

from __future__ import annotations

import gzip
import io
from typing import Any, BinaryIO, cast

import pyarrow as pa

MAGIC = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd"}
"""The endings of packed files' names, in lower case, and what such a file begins with."""


def unpacked(stored: BinaryIO, ending: str) -> io.RawIOBase | io.BufferedIOBase:
    """What a packed file holds; one of any other ending is given as it is.

    Reading raises EOFError where the file breaks off, and that, a `gzip.BadGzipFile` or a `zlib.error` where it is
    damaged.
    """
    match ending:
        case ".gz":
            return gzip.GzipFile(fileobj=stored)
        case ".zst":
            return _Zstandard(stored)
        case _:
            return cast(io.RawIOBase, stored)


class _Zstandard(io.RawIOBase):
    """Arrow tells of a damaged file by an OSError, as of a failing disk; here it is an EOFError."""

    def __init__(self, stored: BinaryIO) -> None:
        self._stream = pa.CompressedInputStream(stored, "zstd")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            found: bytes = self._stream.read(len(buffer))
        except OSError as error:
            raise EOFError(str(error)) from error
        buffer[: len(found)] = found
        return len(found)
