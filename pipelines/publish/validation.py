"""Great Expectations over what is about to be exported, from the same contracts as everything else.

Each frame is held once on the executors while its suite runs in Spark, so a large table never reaches the
driver. A first pass asks for counts only; just what failed is asked again for samples.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame

from pipelines.errors import DataError
from pipelines.lakehouse.expectations import ERROR, WARN, Severity
from pipelines.lakehouse.store import held
from pipelines.lakehouse.table import Table
from pipelines.publish.suite import Rule, suite_of

PERSONAL = frozenset(
    {"person_id", "identifier_value", "anchor_value", "loyalty_card", "phone", "payment_token", "email"}
)
SAMPLES = 3


@dataclass(frozen=True)
class Finding:
    """What one expectation found in one table.

    Args:
        table: The table's name.
        expectation: Its name in the contract, or what it asks of every table, such as `key_unique`.
        severity: What a failure does.
        success: Whether it holds.
        unexpected: Rows that break it; null where it is not about rows, or could not be computed.
        sample: Keys of a few of them, without the columns that identify a person.
        remedy: A query that shows the rows, or what else to look at.
    """

    table: str
    expectation: str
    severity: Severity
    success: bool
    unexpected: int | None
    sample: tuple[str, ...]
    remedy: str

    def __str__(self) -> str:
        rows = "" if self.unexpected is None else f", {self.unexpected} rows"
        sample = f", such as {'; '.join(self.sample)}" if self.sample else ""
        return f"{self.table}: {self.expectation} does not hold{rows}{sample}"


@dataclass(frozen=True)
class ValidationReport:
    """Every finding, in the order of the tables and of their contracts."""

    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The failures that forbid publishing."""
        return tuple(f for f in self.findings if not f.success and f.severity is ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The failures that are only told."""
        return tuple(f for f in self.findings if not f.success and f.severity is WARN)

    def require(self) -> None:
        """Nothing, where no error-level expectation failed.

        Raises:
            DataError: naming each table, expectation, count and sample.
        """
        if self.errors:
            raise DataError(
                "Nothing is published, since what would be exported breaks its contract:\n  "
                + "\n  ".join(map(str, self.errors)),
                remedy="; ".join(dict.fromkeys(f.remedy for f in self.errors)),
            )


def validate(frames: Iterable[tuple[Table, DataFrame]]) -> ValidationReport:
    """Hold every frame that will be exported against its table's contract. Raises nothing: see `require`."""
    return ValidationReport(tuple(f for table, frame in frames for f in _findings(table, frame)))


def _findings(table: Table, frame: DataFrame) -> Iterator[Finding]:
    suite = suite_of(table)
    if list(frame.columns) != list(table.names):
        suite = suite[:1]  # the other rules may ask for columns that are not there
    shown = [column for column in table.key if column not in PERSONAL]
    with _batch(frame) as batch:
        found = _run(batch, suite, {"result_format": "BASIC", "partial_unexpected_count": 0})
        broken = [rule for rule in suite if not found[rule.name]["success"]]
        sampled = _run(
            batch,
            broken if shown else [],
            {
                "result_format": "SUMMARY",
                "unexpected_index_column_names": shown,
                "partial_unexpected_count": SAMPLES,
            },
        )
    for rule in suite:
        result = found[rule.name]
        rows = sampled.get(rule.name, {}).get("result", {}).get("partial_unexpected_index_list") or []
        yield Finding(
            table.name,
            rule.name,
            rule.severity,
            bool(result["success"]),
            result["result"].get("unexpected_count"),
            tuple(dict.fromkeys(", ".join(f"{column} {row[column]}" for column in shown) for row in rows)),
            rule.remedy,
        )


def _run(batch: Any, suite: Sequence[Rule], result_format: Mapping[str, Any]) -> dict[str, Any]:
    """Great Expectations' result of each rule, by the rule's name."""
    if not suite:
        return {}
    import great_expectations as gx

    asked = [
        getattr(gx.expectations, rule.gx[0])(
            **rule.gx[1],
            severity="critical" if rule.severity is ERROR else "warning",
            meta={"rule": rule.name},
        )
        for rule in suite
    ]
    done = batch.validate(
        gx.ExpectationSuite(name="contract", expectations=asked), result_format=result_format
    )
    results = [result.to_json_dict() for result in done.results]
    return {result["expectation_config"]["meta"]["rule"]: result for result in results}


@contextmanager
def _batch(frame: DataFrame) -> Iterator[Any]:
    """The frame as Great Expectations takes it, computed once however many expectations read it.

    The context lives in memory, sends no statistics, draws no progress bars and logs nothing below a failure.
    """
    import great_expectations as gx  # takes seconds, and only a publishing run needs it
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    asset = context.data_sources.add_spark("exports", persist=False).add_dataframe_asset("frame")
    with held(frame) as rows:
        yield asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": rows})
