"""Retail Rocket's dataset: the examples of its own description, and every row accounted for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.landing.contract import UNREAD
from pipelines.landing.formats.retail_rocket import TREE_READ, event, product
from pipelines.landing.formats.vendor import JOINED
from tests.landing.formats.contract import GOLDEN, golden, landed, payloads, records


def test_the_descriptions_examples() -> None:
    viewed = {
        "timestamp": "1439694000000",
        "visitorid": "1",
        "event": "view",
        "itemid": "100",
        "transactionid": "",
    }
    found = event(viewed)
    assert found.pop("event_id")
    assert found == {
        "kind": "product_view",
        "occurred_at": "2015-08-16T03:00:00Z",
        "cookie": "1",
        "lines": [{"product_id": "100"}],
    }
    bought = event(
        {**viewed, "visitorid": "2", "event": "transaction", "itemid": "1000", "transactionid": "234"}
    )
    assert (bought["kind"], bought["order_id"], bought["lines"]) == (
        "purchase",
        "234",
        [{"product_id": "1000"}],
    )
    assert event(viewed)["event_id"] == event(dict(viewed))["event_id"] != bought["event_id"]


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    account, found = golden(tmp_path, "retail_rocket")
    assert account.read == 6 + 3 + 3 + 5
    assert account.written == {"web_events": 6, "products": 2}
    assert account.aside == {TREE_READ: 5, JOINED: 4}
    assert [row["kind"] for row in found["web_events"][:-1]] == [
        "product_view",
        "product_view",
        "cart",
        "purchase",
        "purchase",
    ]
    assert found["web_events"][-1] == {UNREAD: "1433222276277,599528,view"}


def test_an_item_has_its_latest_category_and_all_that_was_said_of_it(tmp_path: Path) -> None:
    _, found = golden(tmp_path, "retail_rocket")
    items = {row["product_id"]: row for row in found["products"]}
    assert items["460429"] == {
        "product_id": "460429",
        "department": "213",
        "category": "1016",
        "product_type": "1338",
        "vendor": {
            "properties": {
                "categoryid": [["1433041200000", "921"], ["1435460400000", "1338"]],
                "available": [["1433646000000", "1"], ["1439089200000", "0"]],
            },
            "category_path": ["213", "1016", "1338"],
        },
    }
    assert items["206783"]["department"] == "1"
    assert "category" not in items["206783"]


@pytest.mark.parametrize(
    ("leaf", "parents", "path"),
    [
        ("9", {}, ["9"]),
        ("3", {"3": "2", "2": "1", "1": ""}, ["1", "2", "3"]),
        ("2", {"2": "1", "1": "2"}, ["1", "2"]),
    ],
)
def test_paths(leaf: str, parents: dict[str, str], path: list[str]) -> None:
    made = product("7", [["1", "categoryid", leaf]], parents)
    assert made["vendor"]["category_path"] == path


def test_the_order_in_which_files_are_named_changes_nothing(tmp_path: Path) -> None:
    files = sorted((GOLDEN / "retail_rocket").iterdir())
    landed(tmp_path / "one", "retail_rocket", *files)
    landed(tmp_path / "two", "retail_rocket", *reversed(files))
    assert payloads(tmp_path / "one") == payloads(tmp_path / "two")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("clicks.csv", "timestamp,visitorid\n", "none of Retail Rocket's files"),
        ("item_properties_part3.csv", "itemid,value\n", "has no column property, timestamp"),
        ("events_2.csv", "1433221332117,257597,view,355908,\n", "has no column event, itemid"),
    ],
)
def test_a_set_with_a_wrong_file_lands_nothing(tmp_path: Path, name: str, text: str, says: str) -> None:
    shutil.copytree(GOLDEN / "retail_rocket", tmp_path / "vendor")
    (tmp_path / "vendor" / name).write_text(text)
    account = landed(tmp_path / "landing", "retail_rocket", tmp_path / "vendor")
    assert says in account.faults[0].message
    assert not (tmp_path / "landing").exists()


def test_a_stray_quotation_mark_costs_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(
        'timestamp,visitorid,event,itemid,transactionid\n1,1,view,1,\n2,"2,view,2,\n3,3,view,3,\n'
    )
    account = landed(tmp_path / "landing", "retail_rocket", tmp_path / "events.csv")
    assert (account.read, account.unreadable) == (3, 1)
    assert [row.get("cookie") for row in records(tmp_path / "landing")["web_events"]] == ["1", None, "3"]
