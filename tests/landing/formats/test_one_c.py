"""1C's receipts: CSV and the OData service's JSON, kopeck by kopeck."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.landing.contract import PRIVATE, UNREAD
from pipelines.landing.formats.one_c_receipts import moment, number, receipt
from pipelines.landing.formats.vendor import JOINED
from tests.landing.formats.contract import GOLDEN, golden, landed, records

HEADER, *ROWS = (GOLDEN / "one_c" / "receipts.csv").read_text(encoding="utf-8").splitlines()


def by_number(found: dict[str, list[dict[str, object]]]) -> dict[object, dict[str, object]]:
    return {row.get("receipt_no"): row for row in found["receipts"]}


def test_rows_of_a_receipt_join_wherever_they_stand(tmp_path: Path) -> None:
    account, found = golden(tmp_path, "one_c", "receipts.csv")
    assert (account.read, account.written["receipts"], account.aside[JOINED]) == (6, 5, 1)
    assert by_number(found)["101"] == {
        "receipt_no": "101",
        "store_id": "S1",
        "till_id": "T1",
        "kind": "sale",
        "purchased_at": "2024-03-01T10:15:00",
        "loyalty_card": "C1",
        "phone": "+7 (916) 123-45-67",
        "lines": [
            {
                "product_id": "milk",
                "quantity": "2",
                "net_amount": "2.40",
                "vendor": {"НомерСтроки": "1", "Цена": "1,20"},
            },
            {
                "product_id": "diapers",
                "quantity": "1",
                "net_amount": "1200.00",
                "loyalty_discount": "50.00",
                "vendor": {"НомерСтроки": "2", "Цена": "1 250,00"},
            },
        ],
        "vendor": {"Номер": "ЧК-000101", "Кассир": "Иванова А."},
    }


def test_the_sum_is_the_exports(tmp_path: Path) -> None:
    _, found = golden(tmp_path, "one_c", "receipts.csv")
    lines = [line for row in found["receipts"] for line in row.get("lines", [])]
    assert sum(Decimal(line["net_amount"]) for line in lines) == Decimal("1521.60")


def test_the_order_of_rows_changes_nothing_but_the_order(tmp_path: Path) -> None:
    rows = [row for row in ROWS if '"C9' not in row]
    shuffled = random.Random(7).sample(rows, len(rows))
    for name, listed in (("one", rows), ("two", shuffled)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "receipts.csv").write_text("\n".join([HEADER, *listed]), encoding="utf-8")
        landed(tmp_path / name / "landing", "one_c", tmp_path / name / "receipts.csv")
    one, two = (by_number(records(tmp_path / name / "landing")) for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert all(len(one[key]["lines"]) == len(two[key]["lines"]) for key in one)  # type: ignore[arg-type]


def test_a_return_a_quoted_name_and_a_wrong_number(tmp_path: Path) -> None:
    _, found = golden(tmp_path, "one_c", "receipts.csv")
    receipts = by_number(found)
    assert receipts["103"]["kind"] == "return"
    assert receipts["102"]["lines"][0]["product_id"] == 'Пирог "Невский"'  # type: ignore[index]
    assert receipts["105"]["lines"][0]["quantity"] == "две"  # type: ignore[index]
    assert receipts[None][UNREAD] == ROWS[4]


def test_an_answer_of_the_odata_service(tmp_path: Path) -> None:
    account, found = golden(tmp_path, "one_c", "odata.json")
    assert (account.read, account.unreadable, account.aside) == (4, 1, {})
    sale, deleted, postponed, torn = found["receipts"]
    assert (sale["receipt_no"], sale["till_id"], sale["kind"]) == ("201", "T1", "sale")
    assert sale["purchased_at"] == "2024-03-01T11:00:00"
    assert [line["net_amount"] for line in sale["lines"]] == ["2.40", "4"]
    assert sale["lines"][0]["coupon_discount"] == "0.10"
    assert "loyalty_card" not in sale
    assert sale[PRIVATE] == {"vendor": {"АдресЭлектроннойПочты": "anna@example.com"}}
    assert (deleted["kind"], postponed["kind"]) == ("deleted", "Отложенный")
    assert torn[UNREAD].startswith('{"Number": "ЧК-000204"')


def test_what_two_rows_of_a_receipt_disagree_on_is_kept(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(
        "Номер;Дата;Магазин;Кассир;Номенклатура;Количество;Сумма\n"
        "1;01.03.2024 10:15;S1;;milk;1;1,20\n"
        "1;01.03.2024 10:15;S1;Анна;bread;1;3\n"
        "1;01.03.2024 10:15;S1;Мария;tea;1;5\n",
        encoding="utf-8",
    )
    landed(tmp_path / "landing", "one_c", tmp_path / "r.csv")
    [row] = records(tmp_path / "landing")["receipts"]
    assert row["vendor"] == {"Кассир": "Анна"}
    assert [line.get("vendor") for line in row["lines"]] == [None, None, {"Кассир": "Мария"}]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("receipt;date;sum\n1;2024-03-01;5\n", "has no column Дата"),
        ("", "its header is empty"),
        ("Дата;Номенклатура\n", "has no column Количество, Сумма"),
    ],
)
def test_another_csv_lands_nothing(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "r.csv").write_text(text, encoding="utf-8")
    account = landed(tmp_path / "landing", "one_c", tmp_path / "r.csv")
    assert fault in account.faults[0].message
    assert not (tmp_path / "landing").exists()


def test_windows_1251_is_refused_row_by_row_not_misread(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_bytes(f"{HEADER}\n".encode() + f"{ROWS[0]}\n".encode("cp1251"))
    account = landed(tmp_path / "landing", "one_c", tmp_path / "r.csv")
    assert (account.read, account.unreadable) == (1, 1)
    assert r"\xd7\xca-000101" in records(tmp_path / "landing")["receipts"][0][UNREAD]


def test_points_a_pick_up_and_the_receipt_taken_back() -> None:
    found = receipt(
        {
            "ВидОперации": "Возврат",
            "НомерЗаказа": "W17",
            "НачисленоБаллов": "0,00",
            "СписаноБаллов": "1 250,00",
            "ЧекПродажи": "S1/T1/101/2024-03-01",
        }
    )
    assert found == {
        "kind": "return",
        "order_id": "W17",
        "points_earned": "0",
        "points_spent": "1250",
        "returns_receipt": "S1/T1/101/2024-03-01",
    }


@pytest.mark.parametrize(
    "value", ["01.03.2024", "2024-03-01", "31.02.2024 10:00:00", "вчера", "20240301T101500"]
)
def test_what_is_no_moment_is_given_back(value: str) -> None:
    assert moment(value) == value


@pytest.mark.parametrize(
    ("value", "says"), [("1\u00a0234,5", "1234.5"), ("-1", "-1"), ("1,2,3", "1,2,3"), (None, None)]
)
def test_numbers(value: str | None, says: str | None) -> None:
    assert number(value) == says


def test_any_document_gives_a_record() -> None:
    for value in (None, "", 1, [], [1], {}, "x"):
        names = ("Товары", "Дата", "Статус", "ВидОперации", "DeletionMark", "Телефон")
        assert isinstance(receipt(dict.fromkeys(names, value)), dict)
    assert receipt({"Товары": "x"})["vendor"] == {"Товары": "x"}
