"""What a contract expects of each row: stated once, used four times.

An expectation is a pure SQL predicate. The runner turns the failing ones of a fact table into reasons in
quarantine, Delta stands behind with a CHECK constraint, Great Expectations repeats it over what is about to
be exported, and the table's page prints it. A null passes: whether a value may be missing is said by
`Col.nullable`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pipelines.lakehouse.reasons import Reason


class Severity(Enum):
    """What a failing expectation does."""

    ERROR = "refuses the row of a fact; stops the write of a derived table; publishes nothing"
    WARN = "is counted in the validation report"


ERROR, WARN = Severity.ERROR, Severity.WARN


@dataclass(frozen=True)
class Expectation:
    """One rule of one table.

    Args:
        name: Unique in its table; also the constraint's name.
        column: The column that a person should look at.
        sql: Spark SQL over the row's columns, true for a good row.
        says: The rule in words, for the table's page.
        reason: What quarantine says of a row that breaks it.
        severity: What a failure does.
        gx: The Great Expectations class that says the same, and its arguments.
        over: The columns that it reads; where one is null, the row passes.
    """

    name: str
    column: str
    sql: str
    says: str
    reason: Reason
    severity: Severity
    gx: tuple[str, Mapping[str, Any]]
    over: tuple[str, ...]

    @property
    def constraint(self) -> str:
        """The rule as a Delta constraint, which refuses a null where an expectation lets it pass.

        Without a function: delta-rs writes a constraint anew and leaves out brackets, so that of
        `coalesce(x IN (...), true)` Spark reads `x IN (...) IS NOT NULL`, which is no SQL to it.
        """
        return " OR ".join([self.sql, *(f"{column} IS NULL" for column in self.over)])


def at_least(column: str, minimum: int, *, severity: Severity = ERROR) -> Expectation:
    """`column >= minimum`."""
    return Expectation(
        name=f"{column}_at_least_{minimum}".replace("-", "minus_"),
        column=column,
        sql=f"{column} >= {minimum}",
        says=f"`{column}` is at least {minimum}",
        reason=Reason.BELOW_MINIMUM,
        severity=severity,
        gx=("ExpectColumnValuesToBeBetween", {"column": column, "min_value": minimum}),
        over=(column,),
    )


def at_most(column: str, maximum: int, *, severity: Severity = ERROR) -> Expectation:
    """`column <= maximum`."""
    return Expectation(
        name=f"{column}_at_most_{maximum}".replace("-", "minus_"),
        column=column,
        sql=f"{column} <= {maximum}",
        says=f"`{column}` is at most {maximum}",
        reason=Reason.ABOVE_MAXIMUM,
        severity=severity,
        gx=("ExpectColumnValuesToBeBetween", {"column": column, "max_value": maximum}),
        over=(column,),
    )


def one_of(column: str, values: Sequence[str], *, severity: Severity = ERROR) -> Expectation:
    """`column` is one of the listed codes."""
    listed = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return Expectation(
        name=f"{column}_known",
        column=column,
        sql=f"{column} IN ({listed})",
        says=f"`{column}` is one of {', '.join(f'`{value}`' for value in values)}",
        reason=Reason.UNKNOWN_CODE,
        severity=severity,
        gx=("ExpectColumnValuesToBeInSet", {"column": column, "value_set": list(values)}),
        over=(column,),
    )


def in_order(earlier: str, later: str, *, severity: Severity = ERROR) -> Expectation:
    """`earlier <= later`."""
    return Expectation(
        name=f"{earlier}_before_{later}",
        column=later,
        sql=f"{earlier} <= {later}",
        says=f"`{earlier}` is not after `{later}`",
        reason=Reason.OUT_OF_ORDER,
        severity=severity,
        gx=(
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {
                "column_A": later,
                "column_B": earlier,
                "or_equal": True,
                "ignore_row_if": "either_value_is_missing",
            },
        ),
        over=(earlier, later),
    )
