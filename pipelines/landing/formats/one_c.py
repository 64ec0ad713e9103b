"""A 1C:Retail export of till receipts (documents `ЧекККМ`) → `receipts`.

1C exports what its owner asks it to, so this is a profile: what to ask for, by the names that 1C's documents
have. The document's attributes: https://forum-baza.ru/index.php?topic=41804.0; 1C's own JSON interface:
https://1cfresh.com/articles/data_odata.

- **JSON**: the documents, each with its table `Товары`: an answer of 1C's OData service, an array, or JSON
  Lines. A reference may be the code, or the identifier under the name with `_Key`.
- **CSV**: a row for each line of a receipt, with the receipt's attributes repeated; separated by `;`, `,` or
  tabs. Rows of a receipt need not stand together.

UTF-8. Dates as `01.03.2024 10:15:00` or ISO 8601; without an offset they are of the shop's time zone.
Numbers with a point or a comma, blanks between thousands.

| 1C | `receipts` |
|---|---|
| `НомерЧекаККМ`, else `Номер` or `Number` | `receipt_no` |
| `Магазин`, else `Склад` | `store_id` |
| `КассаККМ` | `till_id` |
| `ВидОперации`: Продажа, Возврат | `kind`: sale, return; any other as received |
| `Дата` or `Date` | `purchased_at` |
| `КартаЛояльности`, else `ДисконтнаяКарта` | `loyalty_card` |
| `Телефон`, `ТокенПлатежнойКарты` | `phone`, sealed at ingest; `payment_token` |
| `НомерЗаказа`, else `ЗаказПокупателя` | `order_id`, of an order of the web shop that is picked up |
| `НачисленоБаллов`, `СписаноБаллов` | `points_earned`, `points_spent` |
| `ЧекПродажи` | `returns_receipt`: shop, till, number and day of the sale, joined by `/` |
| `Номенклатура`, `Количество`, `Сумма` | a line's `product_id`, `quantity`, `net_amount` |
| `СуммаСкидкиПоКарте`, `СуммаСкидкиПоКупону` | a line's `loyalty_discount`, `coupon_discount` |

A document marked for deletion is of the kind `deleted`, one whose `Статус` is not that of a punched receipt
has its status as kind: silver refuses both, with a reason. The rest travels under `vendor`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.landing.formats.csv_files import csv_records
from pipelines.landing.formats.json_files import ODATA, json_records
from pipelines.landing.formats.one_c_receipts import LINE, LINES, receipt
from pipelines.landing.formats.reading import Fields, Unread, suffix
from pipelines.landing.formats.spill import grouped
from pipelines.landing.formats.vendor import Format, Item, Reading, Record, Refused, made_id

SOURCE = "receipts"

_NEEDS = ("Дата", "Номенклатура", "Количество", "Сумма")
_KEY = ("Магазин", "Склад", "КассаККМ", "НомерЧекаККМ", "Номер", "Дата", "ВидОперации")


def convert(files: Sequence[Path], reading: Reading) -> Iterator[Item]:
    """One record a document."""
    for file in files:
        if suffix(file) == ".csv":
            yield from _of_rows(file, reading)
            continue
        for document in reading.each(json_records(file, envelope=ODATA)):
            if isinstance(document, Unread):
                yield Refused(SOURCE, document)
            else:
                yield Record(SOURCE, receipt(document))


def _of_rows(file: Path, reading: Reading) -> Iterator[Item]:
    rows = reading.each(csv_records(file, needs=_NEEDS))
    for found in grouped(row if isinstance(row, Unread) else (_key(row), row) for row in rows):
        if isinstance(found, Unread):
            yield Refused(SOURCE, found)
        else:
            yield Record(SOURCE, receipt(_document(found[1])), read=len(found[1]))


def _key(row: Fields) -> str:
    """What rows of one receipt share."""
    return made_id(*(row.get(name, "").strip() for name in _KEY))


def _document(rows: Sequence[Fields]) -> Fields:
    """The rows of one receipt as the document that they were taken from.

    What the first row with a value says of the receipt holds; a later row that says otherwise keeps its own.
    """
    document: Fields = {}
    table = []
    for row in rows:
        line: Fields = {}
        for name, value in row.items():
            if name in LINE or (value.strip() and document.setdefault(name, value) != value):
                line[name] = value
        table.append(line)
    return document | {LINES: table}


FORMAT = Format(
    name="one_c",
    says="a 1C:Retail export of till receipts",
    maps="each document `ЧекККМ` is one of `receipts`; the phone is sealed",
    sources=(SOURCE,),
    suffixes=(".csv", ".json", ".jsonl", ".ndjson"),
    convert=convert,
)
