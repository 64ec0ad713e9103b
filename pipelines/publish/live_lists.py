"""The lists of continuous mode: the messages of each decision, in the middle of a date, as a file of their own.

`<exports>/live/as_of=<date>/decided=<instant>.jsonl` has a message per line as `send_list.jsonl` has; what is refused
of them stands beside it in `decided=<instant>_refused.jsonl`. A file is there whole or not at all, and never changes: a
decision whose file is there is listed, and no release lists it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from pipelines.lakehouse import storage
from pipelines.publish import send_list
from pipelines.publish.messages import Message, Refused

FOLDER = "live"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAME = "decided=%Y%m%dT%H%M%S.%fZ"
_LIST, _REFUSED = ".jsonl", "_refused.jsonl"


def listed(root: str, as_of: date) -> set[int]:
    """The decisions of a date that are listed, each by its instant in microseconds.

    Args:
        root: Of the exports.
        as_of: The date.
    """
    names = [file.path for file in storage.list_files(_folder(root, as_of))]
    return {_micros(name.removesuffix(_LIST)) for name in names if not name.endswith(_REFUSED)}


def write(found: Iterable[Message | Refused], root: str, as_of: date, decided_at: int) -> int:
    """Write the list of one decision; gives how many messages it has.

    Args:
        found: As `assemble.assembled` gives them.
        root: Of the exports.
        as_of: The date.
        decided_at: The decision's instant in microseconds.
    """
    name = f"{_folder(root, as_of)}/{_EPOCH + timedelta(microseconds=decided_at):{_NAME}}"
    messages: list[str] = []
    refused: list[str] = []
    for one in found:
        if isinstance(one, Message):
            messages.append(f"{one.line()}\n")
        else:
            refused.append(f"{one.model_dump_json()}\n")
    if refused:
        storage.write_atomically(f"{name}{_REFUSED}", "".join(refused).encode())
    storage.write_atomically(f"{name}{_LIST}", "".join(messages).encode())
    return len(messages)


def read(root: str, first: date, last: date) -> Iterator[Message]:
    """The messages that are listed for dates, in the order in which they were decided.

    Raises:
        ValueError: a line is no message of this version.
    """
    base = f"{root.rstrip('/')}/{FOLDER}"
    for path in sorted(file.path for file in storage.list_files(base)):
        day = date.fromisoformat(path.split("/")[0].removeprefix("as_of="))
        if first <= day <= last and not path.endswith(_REFUSED):
            yield from send_list.read(storage.read_bytes(f"{base}/{path}").decode().splitlines())


def _micros(name: str) -> int:
    at = datetime.strptime(name, _NAME).replace(tzinfo=UTC)
    return (at - _EPOCH) // timedelta(microseconds=1)


def _folder(root: str, as_of: date) -> str:
    return f"{root.rstrip('/')}/{FOLDER}/as_of={as_of}"
