"""A predicate's text as a tree of what is allowed: columns, constants, comparisons, and a few functions.

DuckDB parses the text (`json_serialize_sql`) and runs nothing; of its tree only the nodes named here are taken, so a
subquery, a table, a cast or any other function is refused, whatever it would do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb

Value = str | int | Decimal | bool | date
COMPARISONS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
JUNCTIONS = {"CONJUNCTION_AND": "and", "CONJUNCTION_OR": "or"}
OPERATORS = {
    "OPERATOR_NOT": "not",
    "OPERATOR_IS_NULL": "is null",
    "OPERATOR_IS_NOT_NULL": "is not null",
    "COMPARE_IN": "in",
    "COMPARE_NOT_IN": "not in",
}
ARITHMETIC = ("+", "-", "*", "/")
FUNCTIONS: Mapping[str, tuple[int, int]] = {
    "interest": (1, 2),
    "stage": (1, 2),
    "days_since": (1, 1),
    "smallest": (1, 1),
    "contains": (2, 2),
}
"""What may be called, with the least and the most arguments."""
_PREFIX = "SELECT 1 WHERE "


class NotAPredicate(ValueError):
    """The text cannot be read, or asks for something that a segment may not."""


@dataclass(frozen=True)
class Constant:
    """A value as it is written."""

    value: Value


@dataclass(frozen=True)
class Name:
    """A column."""

    name: str


@dataclass(frozen=True)
class Call:
    """An operator or a function with its operands; `op` is as SQL writes it, in lower case."""

    op: str
    operands: tuple[Node, ...]


Node = Constant | Name | Call


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()  # one for the process: opening it takes longer than a thousand conditions


@cache
def parsed(text: str) -> Node:
    """The tree of a predicate.

    Raises:
        NotAPredicate: a syntax error with its place, or something that is not allowed.
    """
    answer = _parser().cursor().execute("SELECT json_serialize_sql(?)", [_PREFIX + text]).fetchone()
    tree: dict[str, Any] = json.loads(
        answer[0] if answer else '{"error": true, "error_message": "no answer"}'
    )
    if tree["error"]:
        place = int(tree.get("position", len(_PREFIX))) - len(_PREFIX) + 1
        raise NotAPredicate(f"{tree['error_message']} (character {max(place, 1)})")
    select = tree["statements"][0]["node"]
    more = (len(tree["statements"]) > 1, select["type"] != "SELECT_NODE", not select.get("where_clause"))
    if any(more) or _says_more(select):
        raise NotAPredicate("it is more than one condition; write what would stand behind WHERE, and no more")
    return _node(select["where_clause"])


def _says_more(select: Mapping[str, Any]) -> bool:
    beside = ("modifiers", "group_expressions", "having", "qualify", "sample")
    withs = select.get("cte_map", {}).get("map", [])
    return any(select.get(part) for part in beside) or bool(withs)


def _node(tree: Mapping[str, Any]) -> Node:
    reader = _READERS.get(tree["class"])
    if reader is None:
        raise NotAPredicate(f"{tree['class'].lower().replace('_', ' ')} is not allowed in a segment")
    return reader(tree)


def _constant(tree: Mapping[str, Any]) -> Constant:
    literal = tree["literal"]
    kind, text = literal["kind"], literal.get("text", "")
    kinds: dict[str, Callable[[str], Value]] = {
        "INTEGER": int,
        "NUMERIC": Decimal,
        "STRING": str,
        "BOOLEAN": lambda said: said == "true",
    }
    if kind not in kinds:
        raise NotAPredicate(f"{kind.lower()} is no constant of a segment; say IS NULL where that is meant")
    return Constant(kinds[kind](text))


def _name(tree: Mapping[str, Any]) -> Name:
    if len(tree["column_names"]) != 1:
        raise NotAPredicate(f"{'.'.join(tree['column_names'])}: a column has no table before it")
    return Name(tree["column_names"][0].lower())


def _comparison(tree: Mapping[str, Any]) -> Call:
    if tree["type"] not in COMPARISONS:
        raise NotAPredicate("IS is followed by NULL or NOT NULL only; compare with = and <>")
    return Call(COMPARISONS[tree["type"]], (_node(tree["left"]), _node(tree["right"])))


def _junction(tree: Mapping[str, Any]) -> Call:
    return Call(JUNCTIONS[tree["type"]], tuple(map(_node, tree["children"])))


def _between(tree: Mapping[str, Any]) -> Call:
    value = _node(tree["input"])
    least, most = Call(">=", (value, _node(tree["lower"]))), Call("<=", (value, _node(tree["upper"])))
    return Call("and", (least, most))


def _operator(tree: Mapping[str, Any]) -> Call:
    if tree["type"] not in OPERATORS:
        raise NotAPredicate(f"{tree['type'].lower().replace('_', ' ')} is not allowed in a segment")
    return Call(OPERATORS[tree["type"]], tuple(map(_node, tree["children"])))


def _cast(tree: Mapping[str, Any]) -> Constant:
    child = tree["child"]
    if tree["type_expr"]["type_name"].upper() != "DATE" or child["class"] != "CONSTANT":
        raise NotAPredicate("a cast is not allowed in a segment; a date is written DATE '2024-03-01'")
    try:
        return Constant(date.fromisoformat(str(_constant(child).value)))
    except ValueError as error:
        raise NotAPredicate(f"{child['literal'].get('text')!r} is no date, such as '2024-03-01'") from error


def _function(tree: Mapping[str, Any]) -> Call:
    name = tree["function_name"].lower()
    operands = tuple(_node(each["expression"]) for each in tree["arguments"])
    if name in ARITHMETIC and len(operands) == 2:
        return Call(name, operands)
    if name not in FUNCTIONS:
        raise NotAPredicate(f"there is no function {name}; there are {', '.join(FUNCTIONS)}")
    least, most = FUNCTIONS[name]
    if not least <= len(operands) <= most:
        wanted = f"{least}" if least == most else f"{least} or {most}"
        raise NotAPredicate(f"{name} takes {wanted} arguments, and is given {len(operands)}")
    return Call(name, operands)


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Node]] = {
    "CONSTANT": _constant,
    "COLUMN_REF": _name,
    "COMPARISON": _comparison,
    "CONJUNCTION": _junction,
    "BETWEEN": _between,
    "OPERATOR": _operator,
    "CAST": _cast,
    "FUNCTION": _function,
}


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    if isinstance(node, Call):
        for operand in node.operands:
            yield from walk(operand)
