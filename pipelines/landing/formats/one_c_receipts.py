"""One of 1C's documents `ЧекККМ` as a canonical receipt; `one_c` says which attribute becomes what."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime

from pipelines.landing.formats.private import VENDOR
from pipelines.landing.formats.reading import Fields
from pipelines.landing.formats.vendor import known, text

LINES = "Товары"
LINE = frozenset(
    (
        "LineNumber",
        "НомерСтроки",
        "Номенклатура",
        "Характеристика",
        "Штрихкод",
        "Количество",
        "КоличествоУпаковок",
        "Упаковка",
        "ЕдиницаИзмерения",
        "Цена",
        "Сумма",
        "СтавкаНДС",
        "СуммаНДС",
        "ПроцентАвтоматическойСкидки",
        "СуммаАвтоматическойСкидки",
        "ПроцентРучнойСкидки",
        "СуммаРучнойСкидки",
        "СуммаСкидкиПоКарте",
        "СуммаСкидкиПоКупону",
        "Продавец",
    )
)
"""The columns that speak of a line, not of the receipt."""

KINDS = {"продажа": "sale", "возврат": "return"}
_PUNCHED = ("", "пробит", "пробитый", "архивный")
_NOTHING = ("", "00000000-0000-0000-0000-000000000000")  # 1C's empty reference
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*")
_DATES = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M")


def receipt(document: Fields) -> Fields:
    """One document as a canonical record."""
    rest = dict(document)
    table = rest.pop(LINES, None)
    shaped = isinstance(table, list) and all(isinstance(line, dict) for line in table)
    found = known(
        receipt_no=_taken(rest, "НомерЧекаККМ", "Номер", "Number"),
        store_id=_taken(rest, "Магазин", "Склад"),
        till_id=_taken(rest, "КассаККМ"),
        kind=_kind(rest),
        purchased_at=moment(_taken(rest, "Дата", "Date")),
        loyalty_card=_taken(rest, "КартаЛояльности", "ДисконтнаяКарта"),
        phone=_taken(rest, "Телефон"),
        payment_token=_taken(rest, "ТокенПлатежнойКарты"),
        order_id=_taken(rest, "НомерЗаказа", "ЗаказПокупателя"),
        points_earned=points(_taken(rest, "НачисленоБаллов")),
        points_spent=points(_taken(rest, "СписаноБаллов")),
        returns_receipt=_taken(rest, "ЧекПродажи"),
        lines=[_line(line) for line in table] if shaped and table else None,
    )
    rest |= {} if shaped else {LINES: table}
    return found | known(**{VENDOR: known(**rest)})


def _kind(rest: Fields) -> str | None:
    """`sale`, `return`, or what speaks against its being either."""
    operation = text(rest.get("ВидОперации"))
    status = text(rest.get("Статус"))
    if str(rest.get("DeletionMark", rest.get("ПометкаУдаления"))).lower() in ("true", "да", "1"):
        return "deleted"
    if (status or "").lower() not in _PUNCHED:
        return status
    kind = KINDS.get((operation or "").lower())
    if kind:
        rest.pop("ВидОперации")
    return kind or operation


def _line(line: Fields) -> Fields:
    rest = dict(line)
    found = known(
        product_id=_taken(rest, "Номенклатура"),
        quantity=number(_taken(rest, "Количество")),
        net_amount=number(_taken(rest, "Сумма")),
        loyalty_discount=number(_taken(rest, "СуммаСкидкиПоКарте")),
        coupon_discount=number(_taken(rest, "СуммаСкидкиПоКупону")),
    )
    return found | known(**{VENDOR: known(**rest)})


def _taken(fields: Fields, *names: str) -> str | None:
    """The first of these attributes that has a value, plain or as `<name>_Key`; it is taken out."""
    for name in names:
        for spelling in (name, f"{name}_Key"):
            value = text(fields.get(spelling))
            if value is not None and value not in _NOTHING:
                del fields[spelling]
                return value
    return None


def number(value: str | None) -> str | None:
    """A number with a point; what is no number is given back, for silver to refuse it.

    >>> number("1 234,50"), number("2.000"), number("две")
    ('1234.50', '2.000', 'две')
    """
    plain = re.sub(r"\s", "", value or "").replace(",", ".")
    return plain if _NUMBER.fullmatch(plain) else value


def points(value: str | None) -> str | None:
    """Points, which 1C writes with decimals; a part of a point is given back, for silver to refuse it.

    >>> points("1 250,00"), points("3"), points("0,5")
    ('1250', '3', '0.5')
    """
    plain = number(value)
    return None if plain is None else re.sub(r"\.0+$", "", plain)


def moment(value: str | None) -> str | None:
    """A date of 1C, in ISO 8601; without an offset it stays so, and is of its shop's zone.

    What is no date is given back, for silver to refuse it.

    >>> moment("01.03.2024 10:15:00"), moment("2024-03-01T10:15:00+03:00"), moment("вчера")
    ('2024-03-01T10:15:00', '2024-03-01T10:15:00+03:00', 'вчера')
    """
    if value is None:
        return None
    if _ISO.fullmatch(value):
        with suppress(ValueError):
            return datetime.fromisoformat(value).isoformat()
    for form in _DATES:
        with suppress(ValueError):
            return datetime.strptime(value, form).isoformat()  # noqa: DTZ007 - silver places it in its zone
    return value
