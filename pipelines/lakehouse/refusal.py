"""How a row comes to be refused: every reason is collected on the row, and nothing is dropped on the way.

The build of a fact table gives its contract's columns and the three of `JUDGED` beside them; `flag` adds what
the contract itself has against the row. A row without reasons is accepted, any other goes to quarantine
whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType, StructField, StructType

from pipelines.lakehouse.reasons import Reason
from pipelines.lakehouse.table import Append, Col, Table
from pipelines.lakehouse.types import LONG, STRING, TIMESTAMP

REASONS, RECORD, ITEM, BATCH = "_reasons", "_record", "_item", "batch"
JUDGED = (REASONS, RECORD, ITEM, BATCH)

REASONS_TYPE = ArrayType(
    StructType([StructField(name, StringType()) for name in ("code", "column", "sentence")])
)


@dataclass(frozen=True)
class Objection:
    """A condition that speaks against a row, its reason, and the column that a person should look at."""

    condition: Column
    reason: Reason
    column: str

    @property
    def name(self) -> Column:
        """`CODE:column` where the condition is true, null elsewhere."""
        return F.when(self.condition, F.lit(f"{self.reason.name}:{self.column}"))


def reasons(against: Sequence[Objection], *, beside: Column | None = None) -> Column:
    """The names of the reasons that hold, in the order given, after those that stand already.

    Nearly every row is good, and building an array for each is what would cost. So the array is built only
    where one of the conditions is true.
    """
    standing = F.array().cast(ArrayType(StringType())) if beside is None else beside
    if not against:
        return standing
    any_holds = reduce(or_, (F.coalesce(objection.condition, F.lit(False)) for objection in against))
    found = F.array_compact(F.array(*(objection.name for objection in against)))
    return F.when(any_holds, F.concat(standing, found)).otherwise(standing)


def refuse_if(rows: DataFrame, *against: Objection) -> DataFrame:
    """`rows` with more possible reasons against each."""
    return rows.withColumn(REASONS, reasons(against, beside=F.col(REASONS)))


def flag(rows: DataFrame, table: Table) -> DataFrame:
    """`rows` with the contract's own reasons added: broken expectations, and nulls where none may be.

    A null is named only where nothing else was found, since a value of the wrong type is null too.
    """
    broken = [Objection(~F.expr(rule.sql), rule.reason, rule.column) for rule in table.checks]
    missing = [
        Objection(F.col(column.name).isNull(), Reason.MISSING_VALUE, column.name)
        for column in table.columns
        if not column.nullable
    ]
    judged = refuse_if(rows, *broken)
    return judged.withColumn(REASONS, F.when(accepted(), reasons(missing)).otherwise(F.col(REASONS)))


def judge(rows: DataFrame, table: Table) -> DataFrame:
    """The rows of a fact table's build, flagged, in the contract's columns and those of `JUDGED`.

    What was received is kept for refused rows only, as text.
    """
    flagged = flag(rows, table)
    nested = isinstance(flagged.schema[RECORD].dataType, StructType)
    record = F.to_json(RECORD) if nested else F.col(RECORD)
    return flagged.select(*table.names, REASONS, F.when(~accepted(), record).alias(RECORD), ITEM, BATCH)


def accepted() -> Column:
    """True for a row against which nothing was found."""
    return F.size(REASONS) == 0


def quarantine_of(table: Table) -> Table:
    """The contract of the table that holds the refused rows of a fact table."""
    return Table(
        name=f"quarantine.{table.short}",
        doc=f"One row per record, or part of a record, that `{table.name}` refused, with every reason.\n\n"
        "Nothing is lost: mend the sender or the rule, raise the table's version, and they are read again.",
        key=("file", "position", "item"),
        columns=(
            Col(
                "file",
                STRING,
                "The landing file that brought it, relative to the landing root",
                nullable=False,
            ),
            Col(
                "position",
                LONG,
                "Number of its record in that file, from 1; 0: the file as a whole",
                nullable=False,
            ),
            Col(
                "item",
                LONG,
                "Number of the part inside the record, from 1; 0: the record as a whole",
                nullable=False,
            ),
            Col("batch", LONG, "The ingest batch that brought it", nullable=False),
            Col("arrived_at", TIMESTAMP, "When the file arrived (UTC)", nullable=False),
            Col(
                "reasons",
                REASONS_TYPE,
                "Every reason: its code, the column to look at, and a sentence",
                nullable=False,
            ),
            Col(
                "record",
                STRING,
                "What was refused, as received; read as Latin-1 where it is no UTF-8; null: the file as a whole",
            ),
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
        F.transform(REASONS, _spelled_out).alias("reasons"),
        F.col(RECORD).alias("record"),
    )


def _spelled_out(name: Column) -> Column:
    code = F.split_part(name, F.lit(":"), F.lit(1))
    sentences = F.create_map(*(F.lit(text) for reason in Reason for text in (reason.name, reason.value)))
    return F.struct(
        code.alias("code"),
        F.split_part(name, F.lit(":"), F.lit(2)).alias("column"),
        sentences[code].alias("sentence"),
    )
