"""The crash matrix: a release is killed in every gap between its steps, and the next run finishes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import DataError
from pipelines.lakehouse import storage
from pipelines.publish import release as module
from pipelines.publish.release import POINTER, STAGED, Published, publish
from pipelines.publish.releases import Release, release_id

DAY = date(2024, 3, 10)
OLD, NEW = {"gold.send_list": 1}, {"gold.send_list": 2}


class Killed(BaseException):
    """As when the process dies: nobody catches it to tidy up."""


@dataclass
class House:
    """An exports root and an `audit.releases`, both of which outlive a killed run."""

    root: Path
    rows: list[Release] = field(default_factory=list)
    stagings: int = 0

    def publish(self, versions: dict[str, int], *, as_of: date = DAY, **change: Any) -> Published:
        def stage(folder: Path) -> None:
            self.stagings += 1
            assert list(folder.iterdir()) == []
            (folder / "send_list.jsonl").write_text(json.dumps(versions))
            (folder / "report.html").write_text("<p>")

        effects: dict[str, Any] = {
            "find": lambda asked: asked in {row.release_id for row in self.rows},
            "validate": lambda: None,
            "stage": stage,
            "commit": self.rows.append,
        }
        return publish(as_of=as_of, versions=versions, exports_root=str(self.root), **(effects | change))

    @property
    def pointer(self) -> dict[str, Any]:
        return dict(json.loads((self.root / POINTER).read_text()))

    def check(self) -> None:
        """Every release is whole, and the pointer names one of them."""
        for row in self.rows:
            for file in row.files:
                content = (self.root / row.folder / file.name).read_bytes()
                assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)
        assert self.pointer["release_id"] in {row.release_id for row in self.rows}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "exports")


def dying_after(step: Callable[..., Any]) -> Callable[..., Any]:
    def died(*args: Any, **kwargs: Any) -> Any:
        step(*args, **kwargs)
        raise Killed

    return died


def dying_before(*args: Any, **kwargs: Any) -> Any:
    raise Killed


def half_staged(folder: Path) -> None:
    (folder / "send_list.jsonl").write_text('{"torn')
    raise Killed


def test_a_release_is_its_files_its_row_and_the_pointer(house: House) -> None:
    published = house.publish(NEW)
    folder = f"as_of=2024-03-10/release={release_id(DAY, NEW)}"
    assert published.folder == folder == house.rows[0].folder == house.pointer["folder"]
    assert [file.name for file in house.rows[0].files] == ["report.html", "send_list.jsonl"]
    assert sorted(p.name for p in (house.root / folder).iterdir()) == ["report.html", "send_list.jsonl"]
    assert house.rows[0].versions == NEW
    house.check()


@pytest.mark.parametrize(
    ("gap", "change"),
    [
        ("before validation", {"validate": dying_before}),
        ("before staging", {"stage": dying_before}),
        ("while staging", {"stage": half_staged}),
        ("before the row", {"commit": dying_before}),
    ],
)
def test_a_kill_before_the_row_leaves_the_old_release(house: House, gap: str, change: dict[str, Any]) -> None:
    house.publish(OLD)
    before = house.pointer
    with pytest.raises(Killed):
        house.publish(NEW, **change)
    assert (house.pointer, len(house.rows)) == (before, 1), gap
    house.check()
    house.publish(NEW)
    assert (house.pointer["release_id"], len(house.rows)) == (release_id(DAY, NEW), 2)
    house.check()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("call", ["delete_dir", "move", "write_atomically"])
def test_a_kill_at_any_touch_of_the_store_is_made_good(
    house: House, monkeypatch: pytest.MonkeyPatch, call: str, moment: str
) -> None:
    house.publish(OLD)
    with monkeypatch.context() as patched:
        step = getattr(storage, call)
        patched.setattr(module.storage, call, dying_before if moment == "before" else dying_after(step))
        with pytest.raises(Killed):
            house.publish(NEW)
    house.check()
    house.publish(NEW)
    assert (house.pointer["release_id"], len(house.rows)) == (release_id(DAY, NEW), 2)
    assert not any((house.root / STAGED).iterdir())
    house.check()


def test_a_kill_right_after_the_row_needs_no_second_row(house: House) -> None:
    house.publish(OLD)
    with pytest.raises(Killed):
        house.publish(NEW, commit=dying_after(house.rows.append))
    assert house.pointer["release_id"] == release_id(DAY, OLD)
    assert house.publish(NEW).files is None
    assert (house.pointer["release_id"], len(house.rows)) == (release_id(DAY, NEW), 2)
    house.check()


def test_the_same_inputs_are_published_once(house: House) -> None:
    first = house.publish(NEW)
    written = (house.root / POINTER).stat().st_mtime_ns
    again = house.publish(NEW)
    assert (again.release_id, again.files, house.stagings, len(house.rows)) == (first.release_id, None, 1, 1)
    assert (house.root / POINTER).stat().st_mtime_ns == written


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_text('{"as_of": "20')])
def test_a_lost_or_torn_pointer_is_repaired(house: House, damage: Callable[[Path], Any]) -> None:
    house.publish(NEW)
    damage(house.root / POINTER)
    house.publish(NEW)
    house.check()


def test_a_past_date_does_not_move_the_pointer_back(house: House) -> None:
    house.publish(NEW)
    house.publish(OLD, as_of=date(2024, 3, 9))
    assert (house.pointer["as_of"], len(house.rows)) == ("2024-03-10", 2)
    house.check()


def test_a_removed_folder_is_exported_anew_under_its_row(house: House) -> None:
    folder = house.root / house.publish(NEW).folder
    storage.delete_dir(str(folder))
    house.publish(NEW)
    assert (folder.is_dir(), len(house.rows)) == (True, 1)
    house.check()


def test_a_broken_contract_publishes_nothing(house: House) -> None:
    def refuse() -> None:
        raise DataError("gold.send_list: slot_at_least_1 does not hold, 2 rows", remedy="Look at them.")

    with pytest.raises(DataError):
        house.publish(NEW, validate=refuse)
    assert (house.rows, house.root.exists()) == ([], False)
