"""A predicate as a boolean column over a frame of people; what it names is checked first.

`interest('TEA')` is the person's affinity to the category TEA, 0 where there is none; `interest('brand', 'Acme')` names
another kind. `stage('TEA')` is how far it went, null where it never began. `days_since(first_purchase_on)` counts to
the date of the run, `smallest(children_ages)` and `contains(children_ages, 2)` look into a list. Where a comparison
meets a null it is not true, so the person is not in the segment.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, reduce
from operator import add, and_, eq, ge, gt, le, lt, mul, ne, or_, sub, truediv

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, DateType, NumericType, StringType

from pipelines.calc.segments.mentions import Mention, mention_of, mentions_in
from pipelines.calc.segments.syntax import Call, Constant, Name, Node, NotAPredicate, parsed, walk

_BOTH: Mapping[str, Callable[[Column, Column], Column]] = {
    **{"=": eq, "<>": ne, "<": lt, ">": gt, "<=": le, ">=": ge},
    **{"+": add, "-": sub, "*": mul, "/": truediv, "and": and_, "or": or_},
}
_COMPARING = ("=", "<>", "<", ">", "<=", ">=", "in", "not in")


@dataclass(frozen=True)
class Predicate:
    """One segment's condition, read once.

    Args:
        segment: The segment's name.
        tree: What the condition says.
    """

    segment: str
    tree: Node

    @cached_property
    def mentions(self) -> frozenset[Mention]:
        """The interests that it asks for."""
        return mentions_in(self.tree)

    def column(self, as_of: date, interest: Callable[[Mention, str], Column]) -> Column:
        """The condition; `interest` gives the column of a mention's `interest` or `stage`."""
        return F.coalesce(_column(self.tree, as_of, interest), F.lit(False))


def compiled(segment: str, text: str, columns: Mapping[str, DataType]) -> Predicate:
    """A predicate whose names and types are known.

    Raises:
        NotAPredicate: a syntax error, an unknown column (with the nearest), or a comparison that cannot be meant.
    """
    found = Predicate(segment, parsed(text))
    for node in walk(found.tree):
        if isinstance(node, Name) and node.name not in columns:
            near = difflib.get_close_matches(node.name, sorted(columns), n=1, cutoff=0.0)
            raise NotAPredicate(f"there is no column {node.name}; did you mean {near[0]}?")
    for node in walk(found.tree):
        if isinstance(node, Call):
            _check(node, columns)
    if not isinstance(found.tree, Call) or found.tree.op in ("+", "-", "*", "/", "interest", "stage"):
        raise NotAPredicate("it is no condition that is true or false")
    return found


def _check(call: Call, columns: Mapping[str, DataType]) -> None:
    types = [columns[each.name] for each in call.operands if isinstance(each, Name)]
    if call.op in ("interest", "stage"):
        mention_of(call)
    if call.op in ("smallest", "contains") and not isinstance(_first(types), ArrayType):
        raise NotAPredicate(f"{call.op} looks into a column that is a list")
    if call.op == "days_since" and not isinstance(_first(types), DateType):
        raise NotAPredicate("days_since counts from a column that is a date")
    if call.op in _COMPARING and types:
        wrong = [each for each in call.operands if isinstance(each, Constant) and not _fits(types[0], each)]
        if wrong:
            name = next(each.name for each in call.operands if isinstance(each, Name))
            raise NotAPredicate(
                f"{name} is {types[0].simpleString()} and is compared with {wrong[0].value!r}"
            )


def _first(types: list[DataType]) -> DataType | None:
    return types[0] if types else None


def _fits(type_: DataType, constant: Constant) -> bool:
    value = constant.value
    if isinstance(type_, StringType):
        return isinstance(value, str)
    if isinstance(type_, DateType):
        return isinstance(value, date)
    return not isinstance(value, str | date) if isinstance(type_, NumericType) else True


def _column(node: Node, as_of: date, interest: Callable[[Mention, str], Column]) -> Column:
    if isinstance(node, Constant):
        return F.lit(node.value)
    if isinstance(node, Name):
        return F.col(node.name)
    if node.op in ("interest", "stage"):
        return interest(mention_of(node), node.op)
    inner = [_column(operand, as_of, interest) for operand in node.operands]
    if node.op in _BOTH:
        return reduce(_BOTH[node.op], inner)
    first, *rest = inner
    others: dict[str, Callable[[], Column]] = {
        "not": lambda: ~first,
        "is null": first.isNull,
        "is not null": first.isNotNull,
        "in": lambda: first.isin(*rest),
        "not in": lambda: ~first.isin(*rest),
        "days_since": lambda: F.date_diff(F.lit(as_of), first),
        "smallest": lambda: F.array_min(first),
        "contains": lambda: F.array_contains(first, rest[0]),
    }
    return others[node.op]()
