"""A file of segments over the golden shop's lake, as `tillpost segment preview` shows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipelines.segment_preview import Line, preview
from pipelines.settings import Settings
from tests.commands import started
from tests.conftest import shop_settings
from tests.days import DAYS, versions

FILE = """
- {name: dairy, says: Milk and cream, where: "interest('DAIRY') >= .5"}
- {name: "bought/{n}", says: Bought, where: "receipts >= {n}", for_each: {n: [1, 99]}}
- {name: everybody, says: All, where: "receipts >= 0"}
- {name: typo, says: Wrong, where: "interest('DAIRI') > 0"}
"""


@pytest.mark.spark
def test_a_preview_shows_sizes_overlaps_and_what_is_odd_and_changes_nothing(
    spark: SparkSession, settled_shop: Callable[[], Settings], tmp_path: Path
) -> None:
    """Anna buys milk each day and Cleo milk, coffee and cream once; of Ben's goods none is dairy; who only signed in
    looked at milk."""
    file = tmp_path / "own.yaml"
    file.write_text(FILE, encoding="utf-8")
    before = versions(settled_shop())
    found = preview(settled_shop(), file)
    assert versions(settled_shop()) == before
    assert (found.as_of, found.people) == (DAYS[-1], 4)
    assert found.rows == (
        Line("dairy", 3, 0.75, (("everybody", 3), ("bought/1", 2)), None),
        Line("bought/1", 3, 0.75, (("everybody", 3), ("dairy", 2)), None),
        Line("bought/99", 0, 0.0, (), "It selects nobody."),
        Line("everybody", 4, 1.0, (("bought/1", 3), ("dairy", 3)), "It selects everybody."),
        Line("typo", 0, 0.0, (), "The catalogue has no category 'DAIRI'; the nearest is 'DAIRY'."),
    )


def test_a_syntax_error_is_one_clear_error(tmp_path: Path) -> None:
    """With its place and the remedy, and nothing after them."""
    file = tmp_path / "own.yaml"
    file.write_text('- {name: a, says: b, where: "receipts > AND orders = 1"}', encoding="utf-8")
    command = started(shop_settings(tmp_path), "segment", "preview", str(file))
    said, _ = command.communicate(timeout=120)
    assert command.returncode == 3
    assert 'syntax error at or near "AND" (character 12)' in said
    assert said.strip().endswith("docs/segments.md has examples.")
