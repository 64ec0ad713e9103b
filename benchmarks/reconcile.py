"""Every line and every cent, from the source to gold, each counted where it lies by its own means."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np

from benchmarks.volumes import read
from pipelines.query import select


@dataclass(frozen=True)
class Place:
    """Lines and cents at one place; null where that place does not hold the one or the other."""

    name: str
    lines: int | None
    cents: int | None


def source() -> Place:
    """The package's own file, by pandas."""
    transactions = read("transactions")
    cents = int(np.rint(transactions["sales_value"].to_numpy() * 100).astype(np.int64).sum())
    return Place("the package's `transactions`", len(transactions), cents)


def landed(root: Path) -> Place:
    """The landing files of receipts, by Python's json with decimals."""
    lines, amount = 0, Decimal(0)
    for file in sorted(root.glob("receipts/arrived=*/*.jsonl*")):
        opened = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rb") as records:
            for record in records:
                found = json.loads(record, parse_float=Decimal)["lines"]
                lines += len(found)
                amount += sum((Decimal(line["net_amount"]) for line in found), Decimal(0))
    return Place("landing files", lines, int(amount * 100))


def in_lake(root: str) -> Iterator[Place]:
    """The tables, by DuckDB."""
    for name, lines, amount in _TABLES:
        row = select(root, f"SELECT {lines} AS lines, CAST(100 * {amount} AS BIGINT) AS cents FROM {name}")
        (found,) = row.to_pylist()
        yield Place(f"`{name}`", found["lines"], found["cents"])
    (lost,) = select(root, _LOST).to_pylist()
    yield Place("`quarantine.receipt_lines`", lost["refused"], None)
    yield Place("duplicates, by `audit.runs`", lost["duplicates"], None)


def reconciled(places: list[Place]) -> bool:
    """Whether silver, quarantine and duplicates make up what landed, and every sum of cents is the source's.

    Cents can only agree where nothing was refused or lost to a duplicate; the demo has neither.
    """
    by_name = {place.name: place for place in places}
    first = places[0]
    kept = sum(by_name[name].lines or 0 for name in _ACCOUNT)
    cents = {place.cents for place in places if place.cents is not None}
    return by_name["landing files"].lines == first.lines == kept and cents == {first.cents}


_TABLES = (
    ("silver.receipt_lines", "count(*)", "sum(net_amount)"),
    ("gold.product_days", "CAST(sum(lines) AS BIGINT)", "sum(net_amount)"),
    ("gold.purchase_days", "CAST(sum(lines) AS BIGINT)", "sum(net_revenue)"),
    ("gold.customer_totals", "NULL::BIGINT", "sum(net_revenue)"),
    ("gold.kpi_daily", "NULL::BIGINT", "sum(net_revenue)"),
)
_ACCOUNT = ("`silver.receipt_lines`", "`quarantine.receipt_lines`", "duplicates, by `audit.runs`")
_LOST = """
WITH runs AS (SELECT * FROM audit.runs WHERE "table" = 'silver.receipt_lines'),
     whole AS (SELECT coalesce(max(output_version) FILTER (rebuilt), 0) AS since FROM runs)
SELECT (SELECT count(*) FROM quarantine.receipt_lines) AS refused,
       CAST(coalesce(sum(duplicates + superseded), 0) AS BIGINT) AS duplicates
FROM runs, whole WHERE output_version >= since
"""
