"""The quality suite of a table about to be exported, read off its contract; no library behind it yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.lakehouse.expectations import ERROR, WARN, Severity
from pipelines.lakehouse.table import Table


@dataclass(frozen=True)
class Rule:
    """One expectation and what a person should be told of it.

    Args:
        name: Its name in the contract, or what it asks of every table, such as `key_unique`.
        severity: What a failure does.
        gx: The Great Expectations class, and its arguments.
        remedy: A query that shows the rows, or what else to look at.
    """

    name: str
    severity: Severity
    gx: tuple[str, Mapping[str, Any]]
    remedy: str


def suite_of(table: Table) -> tuple[Rule, ...]:
    """Columns in order, some rows, a unique key, no null where none may be, and the contract's own rules."""
    query = f'Run tillpost sql "SELECT * FROM {table.name} WHERE {{}}"'
    rebuild = f"Rebuild {table.name}: its columns are not those of the contract"
    key = ", ".join(table.key)
    return (
        Rule(
            "columns",
            ERROR,
            ("ExpectTableColumnsToMatchOrderedList", {"column_list": list(table.names)}),
            rebuild,
        ),
        Rule(
            "not_empty",
            WARN,
            ("ExpectTableRowCountToBeBetween", {"min_value": 1}),
            f"Look at {table.name}'s inputs",
        ),
        Rule(
            "key_unique",
            ERROR,
            _unique(table.key),
            f'Run tillpost sql "SELECT {key} FROM {table.name} GROUP BY {key} HAVING count(*) > 1"',
        ),
        *(
            Rule(
                f"{column.name}_not_null",
                ERROR,
                ("ExpectColumnValuesToNotBeNull", {"column": column.name}),
                query.format(f"{column.name} IS NULL"),
            )
            for column in table.columns
            if not column.nullable
        ),
        *(
            Rule(rule.name, rule.severity, rule.gx, query.format(f"NOT ({rule.sql})"))
            for rule in table.expect
        ),
    )


def _unique(key: Sequence[str]) -> tuple[str, Mapping[str, Any]]:
    if len(key) == 1:
        return "ExpectColumnValuesToBeUnique", {"column": key[0]}
    return "ExpectCompoundColumnsToBeUnique", {"column_list": list(key)}
