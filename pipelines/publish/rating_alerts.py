"""Low ratings, for support to answer: `rating_alerts.jsonl`, one rating per line, the lowest first.

```json
{"schema": "rating_alerts/1", "as_of": "2024-03-01", "person": "p0a1...", "rated_at": "2024-03-01T12:00:00+00:00",
 "stars": 1, "text": "Broken.", "order": "O1", "receipt": null, "product": null,
 "why": "1 of 5 stars for order O1; promotion pauses until 2024-03-15"}
```

Each rating stands in the file of one date: the one whose books it arrived in, whenever it was given. `person` is null
where nobody knows whose it is; `text`, `order`, `receipt` and `product` where the rating does not tell. The same rating
pauses the person's promotion (the gate `suppression` of `gold.send_decisions`). No contact stands in it but what people
write themselves into `text`; `tillpost person` finds theirs.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.calc.time import books_close
from pipelines.calc.triggers.definitions import Pause
from pipelines.gold.trigger_kinds import owned
from pipelines.publish.rows import rows_of, write
from pipelines.silver.person_identifiers import current

JSON_LINES, SCHEMA = "rating_alerts.jsonl", "rating_alerts/1"
_ABOUT = ("order", "receipt", "product")
"""What a rating may be of; the first that it tells is named."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def low_ratings(
    engagement: DataFrame,
    person_identifiers: DataFrame,
    *,
    as_of: date,
    pause: Pause,
    time_zone: str,
    close_hour: int,
) -> DataFrame:
    """One row per rating that pauses promotion and arrived in the books of the date, in the order of the file.

    Args:
        engagement: `silver.engagement`.
        person_identifiers: `silver.person_identifiers`.
        as_of: The date.
        pause: Which rating is low, and for how long it pauses promotion.
        time_zone: The business's; with `close_hour`, when the books of a date close.
        close_hour: Of the next day.
    """
    closed, closes = (books_close(as_of - timedelta(n), time_zone, close_hour) for n in (1, 0))
    arrived = (F.col("arrived_at") >= F.lit(closed)) & (F.col("arrived_at") < F.lit(closes))
    low = (F.col("kind") == "rated") & (F.col("stars") <= pause.stars)
    return (
        owned(engagement.where(arrived & low), current(person_identifiers))
        .withColumn("paused_until", F.date_add("occurred_on", pause.days))
        .select(
            "person_id",
            F.unix_micros("occurred_at").alias("rated_at"),
            "stars",
            "text",
            "order_id",
            "receipt_id",
            "product_id",
            "paused_until",
        )
        .orderBy("stars", "rated_at", "order_id", "receipt_id", "product_id", "person_id")
    )


def export(ratings: DataFrame, folder: Path, *, as_of: date) -> None:
    """Write the file into the folder, which exists; without a low rating it is empty."""
    write((_line(row.asDict(), as_of) for row in rows_of(ratings)), folder / JSON_LINES)


def _line(rating: dict[str, Any], as_of: date) -> str:
    about = next((f"{what} {rating[f'{what}_id']}" for what in _ABOUT if rating[f"{what}_id"]), "a purchase")
    rated_at = _EPOCH + timedelta(microseconds=rating["rated_at"])
    told = {
        "schema": SCHEMA,
        "as_of": as_of.isoformat(),
        "person": rating["person_id"],
        "rated_at": rated_at.isoformat(),
        "stars": rating["stars"],
        "text": rating["text"],
        **{what: rating[f"{what}_id"] for what in _ABOUT},
        "why": f"{rating['stars']} of 5 stars for {about}; promotion pauses until {rating['paused_until']}",
    }
    return json.dumps(told, ensure_ascii=False)
