"""What is told in a table is told whole."""

from __future__ import annotations

import pytest

from pipelines import console

TOKEN = "email:email:" + "c1cd6984" * 8


def test_in_a_file_no_cell_is_cut_and_no_text_becomes_a_picture(capsys: pytest.CaptureFixture[str]) -> None:
    columns = ["identifier", "known through", "by", "first seen", "facts"]
    console.grid("Person", columns, [[TOKEN, TOKEN, "addressed, loyalty_form", "2024-01-03 05:30", "2"]])
    printed = capsys.readouterr().out
    assert [printed.count(text) for text in (TOKEN, "2024-01-03 05:30", "addressed, loyalty_form")] == [
        2,
        1,
        1,
    ]


def test_prose_is_folded(capsys: pytest.CaptureFixture[str]) -> None:
    console.grid("", ["table", "what to do"], [["silver.receipts", "run again " * 100]])
    printed = capsys.readouterr().out.splitlines()
    assert max(map(len, printed)) == console.PAGE
    assert sum(line.count("again") for line in printed) == 100
