"""`tillpost land --format`: what it says when it works, and one clear error for each wrong request."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_cli import tillpost

FORMATS = Path(__file__).parent / "golden" / "formats"
NIGHT = "2024-03-02T00:30:00Z"


def land(tmp_path: Path, *words: str) -> int:
    return tillpost("land", "--set", f"landing.root={tmp_path}/landing", *words)


def test_files_land_and_the_table_adds_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = FORMATS / "retail_rocket"
    assert land(tmp_path, "--format", "retail_rocket", "--arrived", NIGHT, "--from", str(folder)) == 0
    said = " ".join(capsys.readouterr().out.split())
    for line in (
        "files read │ 4",
        "records read │ 17",
        "written to products │ 2",
        "written to web_events │ 6",
        "unreadable, landed as received │ 1",
        "which products carry │ 5",
        "into one record │ 4",
    ):
        assert line in said
    assert len(list(tmp_path.glob("landing/*/arrived=20240302T003000Z/*.jsonl.gz"))) == 2


def test_paths_may_follow_one_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(FORMATS / "sendgrid" / name) for name in ("events.json", "bodies.jsonl")]
    assert land(tmp_path, "--format", "sendgrid", "--from", *files, "--arrived", NIGHT) == 0
    assert "files read" in capsys.readouterr().out
    assert len(list(tmp_path.glob("landing/engagement/*/*"))) == 2


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--format", "sendgird", "--from", "{tmp}", "--arrived", NIGHT), 2, "did you mean sendgrid"),
        (("--format", "ga4", "--from", "{tmp}/none", "--arrived", NIGHT), 2, "There is no {tmp}/none"),
        (("--format", "ga4", "--arrived", NIGHT), 2, "Which files of ga4?"),
        (("--format", "ga4", "--from", "{tmp}"), 2, "--arrived is missing"),
        (("--format", "ga4", "--from", "{tmp}", "--arrived", "yesterday"), 2, "no instant in UTC"),
        (
            ("--format", "ga4", "--from", "{tmp}", "--arrived", "2024-03-02T00:30:00+03:00"),
            2,
            "no instant in UTC",
        ),
        (
            ("--format", "ga4", "--from", "{tmp}", "--arrived", "2024-02-30T00:30:00Z"),
            2,
            "is no instant: day",
        ),
        (("--format", "ga4", "--from", "{tmp}", "--arrived", NIGHT), 2, "Nothing to land"),
        (("--from", "{tmp}"), 2, "go with a --format"),
        (("--format", "sendgrid", "--from", "{tmp}/empty.json", "--arrived", NIGHT), 4, "there is no record"),
        (
            ("--format", "sendgrid", "--from", "{tmp}/torn.json.gz", "--arrived", NIGHT),
            4,
            "cannot be read to its end",
        ),
    ],
)
def test_a_wrong_request_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, says: str
) -> None:
    if code == 4:
        (tmp_path / "empty.json").write_text("[]")
        (tmp_path / "torn.json.gz").write_bytes(b"\x1f\x8b\x08")
    assert land(tmp_path, *(word.format(tmp=tmp_path) for word in words)) == code
    said = capsys.readouterr().err
    assert says.format(tmp=tmp_path) in said
    assert "What to do:" in said
    assert not (tmp_path / "landing").exists()
