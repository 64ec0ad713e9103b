"""What a path is made into, by the examples of the package that the names come from."""

from __future__ import annotations

import pytest

from pipelines.calc.attribution.transforms import TRANSFORMS
from tests.calc.attribution.paths import paths, spelled

GIVEN = ("D A B B C D C C", "a a a direct a direct direct", "Direct direct", "x", "", "a", "a")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("unique", list(GIVEN)),
        ("exposure", ["D A B C D C", "a direct a direct", "Direct direct", "x", "", "a", "a"]),
        ("first", ["D A B C", "a direct", "Direct direct", "x", "", "a", "a"]),
        (
            "frequency",
            ["D(2) A(1) B(2) C(3)", "a(4) direct(3)", "Direct(1) direct(1)", "x(1)", "", "a(1)", "a(1)"],
        ),
        (
            "remove_direct_if_last_and_not_all",
            ["D A B B C D C C", "a a a direct a", "Direct direct", "x", "", "a", "a"],
        ),
    ],
)
def test_by_example(name: str, expected: list[str]) -> None:
    assert spelled(TRANSFORMS[name](paths(*GIVEN), "direct")) == expected


def test_the_earliest_of_several_stays_with_its_time() -> None:
    given = paths("a a b", seconds_before=[[30, 20, 10]], clicked=[[True, False, True]])
    kept = TRANSFORMS["exposure"](given, "direct")
    assert (kept.seconds.tolist(), kept.clicked.tolist(), kept.given.tolist()) == (
        [30, 10],
        [True, True],
        [0, 2],
    )


@pytest.mark.parametrize("name", TRANSFORMS)
def test_no_paths_are_no_paths(name: str) -> None:
    assert spelled(TRANSFORMS[name](paths(), "direct")) == []
