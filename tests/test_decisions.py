"""An unmerge in the golden shop: what moves, what is recomputed, and what is refused before anything is landed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipelines.decisions import decide, unmerge
from pipelines.errors import SettingsError, UsageError
from pipelines.identity.ids import person_id
from pipelines.persons import identifier_of, person_of
from pipelines.settings import Settings
from tests.conftest import copy_of

pytestmark = pytest.mark.spark

LOGIN, COOKIE, CARD = map(identifier_of, ("login:anna", "cookie:k1", "loyalty_card:C1"))


def landed(settings: Settings) -> list[Path]:
    return list((Path(settings.landing.root) / "identity_decisions").rglob("*.jsonl"))


def test_an_unmerge_moves_what_it_parts_and_lists_what_it_recomputes(
    spark: SparkSession, settled_shop: Callable[[], Settings], tmp_path: Path
) -> None:
    """Anna's login was found on the browser that a mail's link had led to; somebody else had used it."""
    settings = copy_of(settled_shop(), tmp_path)
    root = settings.lake.root
    with pytest.raises(UsageError, match="not one person now"):
        unmerge(spark, settings, LOGIN, CARD, "", lambda _: None)
    with pytest.raises(UsageError, match="A contact seems to stand"):
        unmerge(spark, settings, COOKIE, LOGIN, "ann@example.org asked", lambda _: None)
    assert landed(settings) == []

    before = person_of(root, LOGIN)
    done = unmerge(spark, settings, COOKIE, LOGIN, "a friend's browser", lambda _: None)
    assert {
        (row["identifier_value"], row["from_person"], row["to_person"], row["why"]) for row in done.moved
    } == {(value, before, person_id("cookie:k1"), "SPLIT") for value in ("k1", "l1")}
    assert person_of(root, LOGIN) == before
    told = {table.table: (table.went, table.came) for table in done.tables}
    assert told["silver.person_identifiers"] == (2, 4), "two rows end and two begin"
    assert told["silver.identity_rejected_edges"] == (0, 1)
    assert told["silver.identity_changes"] == (0, 2)
    assert "silver.receipts" not in told

    assert len(landed(settings)) == 1
    listed = settings.identity.rules.including(
        LOGIN, COOKIE, since=done.moved[0]["changed_at"].astimezone(UTC)
    )
    clash = settings.model_copy(update={"identity": settings.identity.model_copy(update={"rules": listed})})
    with pytest.raises(SettingsError, match="include makes the two one"):
        decide(spark, clash, "exclude", LOGIN, COOKIE, "")
    assert len(landed(settings)) == 1, "what is refused is not landed"
