"""A Java that says what a test wants it to say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

MODULES = "java.base@17\njdk.incubator.vector@17\n"
Java = Callable[..., None]


@pytest.fixture
def fake_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Java:
    """Put a `java` first on the PATH that says what a test wants it to say."""

    def install(version: str, modules: str = MODULES, folder: str = "bin") -> None:
        place = tmp_path / folder
        place.mkdir()
        says = f"-version) echo 'openjdk version \"{version}\"' >&2 ;; *) printf '{modules}' ;;"
        (place / "java").write_text(f'#!/bin/sh\ncase "$1" in {says} esac\n')
        (place / "java").chmod(0o755)
        monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")
        monkeypatch.delenv("JAVA_HOME", raising=False)

    return install
