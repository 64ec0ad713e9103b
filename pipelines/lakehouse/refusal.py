"""How a row comes to be refused: every reason is collected on the row, and nothing is dropped on the way.

The build of a fact table gives its contract's columns and the three of `JUDGED` beside them; `flag` adds what the contract itself
has against the row. A row without reasons is accepted, any other goes to quarantine whole.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType, StructField, StructType

from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.table import Append, Col, Table
from pipelines.lakehouse.types import LONG, STRING, TIMESTAMP

REASONS, RECORD, ITEM, BATCH = "_reasons", "_record", "_item", "batch"
JUDGED = (REASONS, RECORD, ITEM, BATCH)

REASONS_TYPE = ArrayType(
    StructType([StructField(name, StringType(), False) for name in ("code", "column", "sentence")]), False
)


def reason_if(condition: Column, reason: Reason, column: str) -> Column:
    """The reason as a struct where the condition is true, null elsewhere."""
    facts = F.struct(F.lit(reason.name).alias("code"), F.lit(column).alias("column"), F.lit(reason.value).alias("sentence"))
    return F.when(condition, facts)


def collect(reasons: list[Column]) -> Column:
    """An array of the reasons that hold, in the order given."""
    if not reasons:
        return F.array().cast(REASONS_TYPE)
    return F.array_compact(F.array(*reasons)).cast(REASONS_TYPE)


def refuse_if(rows: DataFrame, condition: Column, reason: Reason, column: str) -> DataFrame:
    """`rows` with one more possible reason against each."""
    return rows.withColumn(REASONS, F.concat(REASONS, collect([reason_if(condition, reason, column)])))


def flag(rows: DataFrame, table: Table) -> DataFrame:
    """`rows` with the contract's own reasons added: broken expectations, and nulls where none may be.

    A null is named only where nothing else was found, since a value of the wrong type is null too.
    """
    broken = [reason_if(~F.expr(rule.sql), rule.reason, rule.column) for rule in table.checks]
    missing = [
        reason_if(F.col(column.name).isNull(), Reason.MISSING_VALUE, column.name)
        for column in table.columns
        if not column.nullable
    ]
    found = F.concat(F.col(REASONS), collect(broken))
    return rows.withColumn(REASONS, F.when(F.size(found) > 0, found).otherwise(collect(missing)))


def accepted() -> Column:
    """True for a row against which nothing was found."""
    return F.size(REASONS) == 0


def all_of(conditions: list[Column]) -> Column:
    """The conjunction; true of none."""
    return reduce(lambda left, right: left & right, conditions, F.lit(True))


def quarantine_of(table: Table) -> Table:
    """The contract of the table that holds the refused rows of a fact table."""
    return Table(
        name=f"quarantine.{table.short}",
        doc=f"One row per record, or part of a record, that `{table.name}` refused, with every reason.\n\n"
        "Nothing is lost: mend the sender or the rule, raise the table's version, and its rebuild reads the records again.",
        key=("file", "position", "item"),
        columns=(
            Col("file", STRING, "The landing file that brought it, relative to the landing root", nullable=False),
            Col("position", LONG, "Number of its record in that file, from 1; 0: the file as a whole", nullable=False),
            Col("item", LONG, "Number of the part inside the record, from 1; 0: the record as a whole", nullable=False),
            Col("batch", LONG, "The ingest batch that brought it", nullable=False),
            Col("arrived_at", TIMESTAMP, "When the file arrived (UTC)", nullable=False),
            Col("reasons", REASONS_TYPE, "Every reason: its code, the column to look at, and a sentence", nullable=False),
            Col("record", STRING, "What was refused, as received, bad bytes replaced; null: the file as a whole"),
        ),
        write=Append(),
    )


def to_quarantine(flagged: DataFrame) -> DataFrame:
    """The refused rows of a flagged build, in the shape of quarantine."""
    return flagged.where(~accepted()).select(
        "file",
        "position",
        F.col(ITEM).cast(LONG).alias("item"),
        BATCH,
        "arrived_at",
        F.col(REASONS).alias("reasons"),
        F.col(RECORD).alias("record"),
    )
