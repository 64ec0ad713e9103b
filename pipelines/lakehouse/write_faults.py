"""Why a write was refused, in words: other columns, rows that break the contract, another writer, the disk."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from pipelines.errors import ConcurrentWrite, DataError, SystemFault
from pipelines.lakehouse.table import Table

_BROKEN_RULE = "DELTA_VIOLATE_CONSTRAINT", "DELTA_NOT_NULL_CONSTRAINT", "failed validation check"
_CONCURRENT = "ConcurrentTransaction", "DELTA_CONCURRENT", "Failed to commit transaction"


def same_columns(table: Table, rows: DataFrame) -> None:
    """Nothing, where the rows have the contract's columns and types, in any order.

    Raises:
        DataError: a column is missing, too many or of another type.
    """
    found, wanted = dict(shape(rows.schema)), dict(shape(table.schema))
    missing, extra = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    mistyped = [f"{n} is {found[n]}, not {wanted[n]}" for n in wanted if n in found and found[n] != wanted[n]]
    if missing or extra or mistyped:
        raise DataError(
            f"The build of {table.name} does not keep its contract: "
            f"missing {missing}, extra {extra}, mistyped {mistyped}",
            remedy=f"Mend `build` or TABLE in pipelines/{table.layer}/{table.short}.py.",
        )


def shape(schema: StructType) -> list[tuple[str, str]]:
    """Names and types of a schema's columns, whatever else is noted about them."""
    return [(field.name, field.dataType.simpleString()) for field in schema.fields]


def explained(table: Table, path: str, rows: DataFrame, error: Exception) -> Exception:
    """What an engine raised, as the fault that it is; given back as it is where nothing here knows it.

    Args:
        table: The table that was written.
        path: Where it lies.
        rows: What was to be written; counted again where a row breaks the contract, to say which and how many.
        error: What Spark or delta-rs raised.
    """
    text = str(error)
    if any(sign in text for sign in _BROKEN_RULE):
        return _violations(table, rows) or error
    if any(sign in text for sign in _CONCURRENT):
        return ConcurrentWrite(
            f"{table.name} was written by somebody else at the same time",
            remedy="Run again: it starts from what stands now.",
        )
    if "ClusteredTable" in text:
        return SystemFault(
            f"{table.name} was made by Spark, which clusters it, and Sail cannot write such a table",
            remedy="Run with --set spark.engine=spark, as before, or begin a lake of its own: --set lake.root=...",
        )
    for sign, what in (
        ("No space left", "the disk is full"),
        ("Read-only file system", "the disk is read-only"),
        ("Permission denied", "permission denied"),
    ):
        if sign in text:
            return SystemFault(
                f"{table.name} cannot be written at {path}: {what}",
                remedy="Free or unlock the place, or --set lake.root=...; the table is as it was.",
            )
    return error


def _violations(table: Table, rows: DataFrame) -> DataError | None:
    rules = [(rule.says, f"NOT ({rule.sql})") for rule in table.checks]
    rules += [(f"`{c.name}` is never missing", f"{c.name} IS NULL") for c in table.columns if not c.nullable]
    counts = rows.agg(*(F.count_if(F.expr(bad)).alias(str(i)) for i, (_, bad) in enumerate(rules))).first()
    lines = []
    for i, (says, bad) in enumerate(rules):
        if counts is not None and counts[str(i)]:
            sample = rows.where(F.expr(bad)).select(*_shown(table)).limit(3).collect()  # three rows
            keys = "; ".join(", ".join(f"{k} {v}" for k, v in row.asDict().items()) for row in sample)
            lines.append(f"{says}: {counts[str(i)]} rows do not hold, such as {keys}")
    if not lines:
        return None
    return DataError(
        f"{table.name} was not written, since rows break its contract:\n    " + "\n    ".join(lines),
        remedy=f"Mend what feeds it (see docs/tables/{table.name}.md) and run again; it is as it was.",
    )


def _shown(table: Table) -> list[str]:
    """Key columns that may be shown in a message: never an identifier."""
    return [
        name for name in table.key if name not in ("identifier_value", "loyalty_card", "phone", "email")
    ] or [table.columns[0].name]
