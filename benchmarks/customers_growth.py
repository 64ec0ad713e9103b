"""From silver to the tables that marketing works from, by the number of lines: to 10 million, of 100,000 people.

A year of silver is drawn by hashes of numbers and committed: receipts of five lines, a page view for each ten lines,
the catalogue, and whose each card and cookie is; who comes often comes much more often than others. Then the tables of
`benchmarks.customers` are built from nothing, in a process of their own, whose memory and seconds are measured; and so
is the next day, with a 365th part of the year's lines.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, DateType, NumericType, TimestampType

from benchmarks.customers import built
from benchmarks.foundation import SCRATCH, sets
from benchmarks.processes import exponent, measured
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.sail import sail_session
from pipelines.lakehouse.table import Table
from pipelines.run import Run
from pipelines.settings import load
from pipelines.silver import person_identifiers, products, receipt_lines, receipts, stores, web_events

LINES = (1_000_000, 3_000_000, 10_000_000)
LINES_A_PERSON, LINES_A_RECEIPT, LINES_A_VIEW, DAYS = 100, 5, 10, 365
GOODS, CATEGORIES, BRANDS, STORES = 20_000, 200, 300, 100
AS_OF, NEXT = date(2024, 12, 31), date(2025, 1, 1)
GOALS = {"seconds": 600.0, "gigabytes": 8.0, "exponent": 1.1}
PLACE = SCRATCH / "customers_growth"


def customers_growth(sizes: Sequence[int] = LINES) -> dict[str, Any]:
    """Seconds and memory of all tables from nothing, and of the next day, for each number of lines."""
    runs, following = {}, {}
    for lines in sizes:
        place = PLACE / str(lines)
        shutil.rmtree(place, ignore_errors=True)
        draw = [sys.executable, "-m", "benchmarks.customers_growth", str(place), str(lines)]
        measured(draw)
        runs[lines] = built(place, str(AS_OF)).cost
        measured([*draw, str(NEXT)])
        following[lines] = built(place, str(NEXT)).cost
        shutil.rmtree(place)
    growth = [(lines, run["seconds"]) for lines, run in runs.items()]
    return {
        "runs": runs,
        "following": following,
        "people": {lines: lines // LINES_A_PERSON for lines in sizes},
        "exponent": exponent(growth),
        "command": "python -m benchmarks --only customers_growth",
    }


def _drawn(purpose: str, below: int, of: str = "id") -> Column:
    return F.pmod(F.xxhash64(F.col(of), F.lit(purpose)), F.lit(below)).cast("int")


def _text(prefix: str, number: Column) -> Column:
    return F.concat(F.lit(prefix), number.cast("string"))


def shaped(table: Table, rows: DataFrame, given: Mapping[str, Column]) -> DataFrame:
    """Rows in the columns of a table: what is not given is null, or where it may not be, nothing of its type."""

    def blank(name: str) -> Column:
        column = table.schema[name]
        kind = column.dataType
        if column.nullable:
            return F.lit(None).cast(kind)
        if isinstance(kind, NumericType):
            return F.lit(0).cast(kind)
        if isinstance(kind, DateType | TimestampType):
            return F.lit(AS_OF).cast(kind)
        return F.lit(False) if isinstance(kind, BooleanType) else F.lit("")

    chosen = {name: given[name].cast(table.schema[name].dataType) for name in given if name in table.names}
    return rows.select(*(chosen.get(name, blank(name)).alias(name) for name in table.names))


def facts(
    spark: SparkSession, numbers: range, people: int, day: date | None = None
) -> list[tuple[Table, DataFrame]]:
    """The receipts, their lines and the page views of lines with these numbers: of a day, or of the year."""
    each = F.col("id")
    # The square of a uniform draw: one person in ten has a third of the receipts.
    share = _drawn("who", 1_000_000) / 1_000_000.0
    who = F.floor(share * share * people)
    on = F.date_sub(F.lit(AS_OF), _drawn("day", DAYS)) if day is None else F.lit(day)
    at = F.timestamp_seconds(F.unix_timestamp(on.cast("timestamp")) + 36_000 + _drawn("second", 30_000))
    bought = spark.range(numbers.start // LINES_A_RECEIPT, numbers.stop // LINES_A_RECEIPT).select(
        "id",
        _text("r", each).alias("receipt_id"),
        on.alias("purchased_on"),
        at.alias("purchased_at"),
        _text("S", _drawn("store", STORES)).alias("store_id"),
        F.when(_drawn("kind", 50) == 0, "return").otherwise("sale").alias("kind"),
        F.when(_drawn("card", 10) > 0, F.lit("loyalty_card")).alias("anchor_type"),
        F.when(_drawn("card", 10) > 0, _text("c", who)).alias("anchor_value"),
    )
    of_receipt = [name for name in bought.columns if name != "id"]
    numbered = bought.select("*", F.explode(F.sequence(F.lit(1), F.lit(LINES_A_RECEIPT))).alias("line_no"))
    numbered = numbered.withColumn("line", F.col("id") * LINES_A_RECEIPT + F.col("line_no"))
    sign = F.when(F.col("kind") == "return", -1).otherwise(1)
    on_line = {
        **{name: F.col(name) for name in (*of_receipt, "line_no")},
        "product_id": _text("g", _drawn("good", GOODS, "line")),
        "quantity": sign,
        "net_amount": sign * (_drawn("price", 3000, "line") + 50) / 100,
    }
    viewed = {
        "event_id": _text("w", each),
        "occurred_on": on,
        "occurred_at": at,
        "kind": F.lit("product_view"),
        "anchor_type": F.lit("cookie"),
        "anchor_value": _text("k", who),
        "lines": F.array(_good(_text("g", _drawn("seen", GOODS)))),
    }
    views = spark.range(numbers.start // LINES_A_VIEW, numbers.stop // LINES_A_VIEW)
    made = (
        (receipts.TABLE, bought, {"line_count": F.lit(LINES_A_RECEIPT), **{c: F.col(c) for c in of_receipt}}),
        (receipt_lines.TABLE, numbered, on_line),
        (web_events.TABLE, views, viewed),
    )
    return [(table, shaped(table, rows, given)) for table, rows, given in made]


def references(spark: SparkSession, people: int) -> list[tuple[Table, DataFrame]]:
    """The shops, the catalogue, and whose each card and cookie is."""
    each = F.col("id")
    known = spark.range(people * 2).select(
        (each / 2).cast("bigint").alias("person"), (F.pmod("id", F.lit(2)) == 0).alias("is_card")
    )
    whose = {
        "identifier_type": F.when(F.col("is_card"), "loyalty_card").otherwise("cookie"),
        "identifier_value": F.when(F.col("is_card"), _text("c", F.col("person"))).otherwise(
            _text("k", F.col("person"))
        ),
        "person_id": _text("p", F.col("person")),
        "valid_from": F.lit(AS_OF - timedelta(DAYS)),
        "component": _text("p", F.col("person")),
    }
    catalogue = {
        "product_id": _text("g", each),
        "title": _text("Good ", each),
        "department": _text("DEPARTMENT ", F.pmod(each, F.lit(CATEGORIES // 10))),
        "category": _text("CATEGORY ", F.pmod(each, F.lit(CATEGORIES))),
        "product_type": _text("TYPE ", F.pmod(each, F.lit(CATEGORIES * 10))),
        "brand": _text("Brand ", _drawn("brand", BRANDS)),
    }
    shops = {"store_id": _text("S", each), "region": _text("R", F.pmod(each, F.lit(5)))}
    made = (
        (stores.TABLE, spark.range(STORES), shops),
        (products.TABLE, spark.range(GOODS), catalogue),
        (person_identifiers.TABLE, known, whose),
    )
    return [(table, shaped(table, rows, given)) for table, rows, given in made]


def _good(product_id: Column) -> Column:
    item = web_events.TABLE.schema["lines"].dataType.elementType  # type: ignore[attr-defined]
    return F.struct(
        *(
            (product_id if field.name == "product_id" else F.lit(None)).cast(field.dataType).alias(field.name)
            for field in item.fields
        )
    )


def main(arguments: Sequence[str]) -> None:
    """Draw the silver of so many lines into a lake in a place, or that of the day after them."""
    place, lines = Path(arguments[0]), int(arguments[1])
    day = date.fromisoformat(arguments[2]) if arguments[2:] else None
    people = lines // LINES_A_PERSON
    numbers = range(lines, lines + lines // DAYS) if day else range(lines)
    settings = load(Path("conf/local.yaml"), sets(place))
    with sail_session(settings.spark.shuffle_partitions) as spark:
        lake = Lake(spark, settings.lake.root)
        run = Run(lake, "drawn", day or AS_OF, settings.value, lambda _: None)
        for table, rows in [*(() if day else references(spark, people)), *facts(spark, numbers, people, day)]:
            mark = run.mark("refine", contract=table.fingerprint)
            lake.commit(table, rows, mark, parent=lake.ensure(table))


if __name__ == "__main__":
    main(sys.argv[1:])
