"""Web events as silver holds them, written by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from pipelines.silver.web_events import TABLE


def event(at: str, cookie: str | None = "k1", kind: str = "page_view", **fields: Any) -> dict[str, Any]:
    """An event at an instant (UTC), such as `2024-03-01 23:50`; its id is made of what is given."""
    instant = datetime.fromisoformat(f"{at}+00:00")
    given = {"cookie": cookie, "kind": kind, **fields}
    return {
        "event_id": hashlib.sha256(f"{at}{sorted(given.items())}".encode()).hexdigest()[:8],
        "occurred_on": instant.date(),
        "occurred_at": instant,
        "days_late": 0,
        "anchor_type": "cookie" if cookie else None,
        "anchor_value": cookie,
        "is_crawler": False,
        "arrived_at": instant,
        "file": "by hand",
        "position": 1,
        "content_hash": 1,
        **given,
    }


def events(spark: SparkSession, *rows: Mapping[str, Any]) -> DataFrame:
    """A frame of them; what a row does not name is null."""
    return spark.createDataFrame([[row.get(name) for name in TABLE.names] for row in rows], TABLE.schema)
