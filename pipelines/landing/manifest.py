"""The manifest that a sender may put beside a drop's files: `_manifest.json`, which says when the drop is whole.

```json
{"files": [{"name": "receipts.jsonl.gz", "size": 18231, "sha256": "9f86d081884c7d659a2feaa0c55ad015..."}]}
```

A drop is a folder `<source>/arrived=<instant>/`. With a manifest it is taken whole or not at all: every file
named is there, with that size in bytes and that SHA-256. A file beside them that the manifest does not name is
not read. The manifest lands first, or at the same moment as the files by a rename of the folder; a drop without
one is taken file by file.
"""

from __future__ import annotations

import hashlib
import io
from collections import defaultdict
from collections.abc import Sequence
from typing import cast

from pydantic import BaseModel, Field, ValidationError

from pipelines.lakehouse import storage
from pipelines.landing.files import MANIFEST, Landed

Told = tuple[str, str]
"""A path relative to the landing root, and why it is not read, in a sentence."""


class Entry(BaseModel):
    """One file of a drop: its name in the folder, its size in bytes, and the SHA-256 of its bytes as stored."""

    name: str = Field(min_length=1, pattern=r"^[^/]+$")
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-fA-F]{64}$")


class Manifest(BaseModel):
    """The files of one drop; other keys are the sender's own."""

    files: tuple[Entry, ...]


def whole(root: str, found: Sequence[Landed], new: Sequence[Landed]) -> tuple[list[Landed], list[Told]]:
    """Those of the new files that may be taken, in their order; and what their manifests have against the others.

    Args:
        root: The landing root.
        found: Every file that is there, taken before or not.
        new: Those not taken yet; only their drops are looked at.

    Raises:
        SystemFault: a manifest or a file that it names cannot be read.
    """
    there: dict[str, list[Landed]] = defaultdict(list)
    for file in found:
        there[file.drop].append(file)
    kept: set[str] = set()
    told: list[Told] = []
    for drop in sorted({file.drop for file in new}):
        path = f"{root.rstrip('/')}/{drop}/{MANIFEST}"
        if storage.exists(path):
            refused, why = _judged(root, drop, storage.read_bytes(path), there[drop])
            kept |= refused
            told += why
    return [file for file in new if file.path not in kept], told


def _judged(root: str, drop: str, text: bytes, files: Sequence[Landed]) -> tuple[set[str], list[Told]]:
    """The paths of a drop that must wait, and why."""
    everything = {file.path for file in files}
    try:
        entries = Manifest.model_validate_json(text).files
    except ValidationError as error:
        first = error.errors()[0]
        said = " ".join((".".join(map(str, first["loc"])), first["msg"])).strip()
        return everything, [(f"{drop}/{MANIFEST}", f"It is no manifest, so the drop waits: {said}.")]
    named = {f"{drop}/{entry.name}": entry for entry in entries}
    sizes = {file.path: file.size for file in files}
    told = [
        (path, why) for path, entry in named.items() if (why := _fault(root, path, entry, sizes.get(path)))
    ]
    strangers = everything - named.keys()
    unnamed = [(path, "The manifest of its drop does not name it.") for path in sorted(strangers)]
    return (everything if told else strangers), [*told, *unnamed]


def _fault(root: str, path: str, entry: Entry, size: int | None) -> str | None:
    if size is None:
        return "The manifest of its drop names it, and it is not there: the drop waits for it."
    if size != entry.size:
        return (
            f"It has {size:,} bytes, and its manifest says {entry.size:,}: the drop waits until it is right."
        )
    with storage.open_input(f"{root.rstrip('/')}/{path}") as stream:
        if hashlib.file_digest(cast(io.BufferedReader, stream), "sha256").hexdigest() != entry.sha256.lower():
            return "Its SHA-256 is not the one that its manifest says: the drop waits until it is right."
    return None
