from __future__ import annotations

from datetime import date

from pipelines.publish.releases import TABLE, ExportedFile, Release, release_id

DAY = date(2017, 12, 31)


def test_the_id_follows_from_date_and_versions_in_any_order() -> None:
    assert release_id(DAY, {"gold.send_list": 3}) == "455a07ca3eef"
    assert release_id(DAY, {"a": 1, "b": 2}) == release_id(DAY, {"b": 2, "a": 1})
    assert (
        len({release_id(DAY, {"a": 1}), release_id(DAY, {"a": 2}), release_id(date(2018, 1, 1), {"a": 1})})
        == 3
    )


def test_a_row_has_the_columns_of_the_contract() -> None:
    row = Release("455a07ca3eef", DAY, {"a": 1}, "as_of=x", (ExportedFile("f", 1, "0"),)).row()
    assert tuple(row) == TABLE.names
    assert row["files"] == [{"name": "f", "bytes": 1, "sha256": "0"}]
