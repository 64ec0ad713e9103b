"""`tillpost attribute FILE`: from a CSV to credits that sum to the cent, without a JVM, and in words what is wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from pipelines.attribution_file import in_cents, read
from pipelines.cli import app, guarded

PATHS = """path,conversions,value,nulls
email > direct,3,100.00,17
direct,2,50.01,40
"search > email > direct",1,33.33,
,1,5,
"""


def tillpost(*words: str) -> int:
    return guarded(lambda: app(args=list(words), standalone_mode=False))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "paths.csv"
    place.write_text(PATHS, encoding="utf-8")
    return place


def test_credits_are_shown_and_written(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "credits.csv"
    assert tillpost("attribute", str(file), "--model", "linear", "--model", "markov", "--out", str(out)) == 0
    shown = capsys.readouterr().out
    assert "search" in shown
    assert f"8 rows are in {out}" in shown
    found = pd.read_csv(out, dtype={"value": str})
    assert list(found.columns) == ["channel", "model", "conversions", "value", "removal_effect"]
    linear = found[found["model"] == "linear"].set_index("channel")
    assert linear["value"].to_dict() == {
        "direct": "111.12", "email": "61.11", "search": "11.11", "Unattributed": "5.00",
    }  # fmt: skip
    for _, credits in found.groupby("model"):
        assert sum(map(Decimal, credits["value"])) == Decimal("188.34")
        assert credits["conversions"].sum() == pytest.approx(7)


def test_every_model_is_the_default_and_the_order_an_option(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tillpost("attribute", str(file), "--order", "2", "--transform", "exposure") == 0
    shown = capsys.readouterr().out
    assert all(model in shown for model in ("first", "last_non_direct", "position", "shapley", "markov"))


def test_columns_and_numbers_may_be_missing_and_blanks_do_not_matter(tmp_path: Path) -> None:
    place = tmp_path / "plain.csv"
    place.write_text("\ufeff Conversions ,PATH\n2, a>b \n,c\n\n", encoding="utf-8")
    found = read(place)
    assert list(found.columns) == ["path", "conversions"]
    assert found["conversions"].tolist() == [2, 0]
    assert [[touch.strip() for touch in path] for path in found["path"]] == [["a", "b"], ["c"]]


def test_each_model_is_rounded_by_itself() -> None:
    credits = pd.DataFrame({"model": ["x"] * 3 + ["y"], "value": [Decimal("1.004")] * 3 + [Decimal("3.012")]})
    assert in_cents(credits)["value"].tolist() == [Decimal(text) for text in ("1.01", "1.00", "1.00", "3.01")]


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("path,conversions\na,many\n", 4, "line 2: conversions is 'many', no number"),
        ("path,conversions\na,NaN\n", 4, "no number"),
        ("path,conversions\na,1,2\n", 4, "line 2: more cells than columns"),
        ("path,conversions\na,-1\n", 4, "negative"),
        ("path,conversions\na > > b,1\n", 4, "a touch has no channel"),
        ("way,conversions\na,1\n", 4, "no columns path and conversions"),
        ("", 4, "no columns path and conversions"),
        ("path,conversions\n", 4, "has no path below its first line"),
        ("path,path,conversions\na,b,1\n", 4, "has two columns path"),
        ("path,conversions\na,1e30\n", 4, "beyond 1e20"),
        ("path,conversions\n\xff,1\n", 4, "not a CSV in UTF-8"),
        (None, 2, "There is no file"),
    ],
)
def test_what_cannot_be_read_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, code: int, says: str
) -> None:
    place = tmp_path / "paths.csv"
    if text is not None:
        place.write_bytes(text.encode("latin-1"))
    assert tillpost("attribute", str(place)) == code
    said = " ".join(capsys.readouterr().err.split())
    assert says in said
    assert "What to do:" in said


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "paths.csv"
    place.write_text("path,conversions\na,1\n", encoding="utf-8")
    assert tillpost("attribute", str(place), "--out", str(tmp_path / "nowhere" / "credits.csv")) == 2
    assert "cannot be written" in " ".join(capsys.readouterr().err.split())
