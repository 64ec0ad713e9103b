"""Segments as audiences for advertising systems: hashed contacts of those who agreed, and nothing else of them.

`audiences/<segment>.csv` has a header and one contact a line: its `kind` (`email` or `phone`) and `sha256`, the hex
SHA-256 of the contact in its one written form (`calc/contacts.py`: an address in lower case, a number in E.164), which
is what Google's Customer Match and Meta's Custom Audiences ask for. Somebody stands in it with the contacts of the
channels on which they may be written to; who may not be written to at all does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from pipelines.publish.contacts import OpenContacts
from pipelines.publish.per_file import file_name, split
from pipelines.publish.rows import rows_of

FOLDER = "audiences"
_KIND = {"email": "email", "sms": "phone"}


def audiences(
    segment_members: DataFrame,
    customer_360: DataFrame,
    open_contacts: OpenContacts,
    *,
    segments: Sequence[str],
) -> DataFrame:
    """`segment`, `kind` and `sha256` of every contact, in this order; each once.

    Args:
        segment_members: `gold.segment_members`; who left is not looked at.
        customer_360: `gold.customer_360` of one date: on which channels people may be written to.
        open_contacts: Where addresses come from.
        segments: Those that are exported.
    """
    members = segment_members.where(F.col("left_on").isNull() & F.col("segment").isin(*segments))
    agreed = customer_360.select("person_id", F.explode("reachable_channels").alias("channel"))
    wanted = members.select("segment", "person_id").join(
        agreed.where(F.col("channel").isin(*_KIND)), on="person_id", how="inner"
    )
    contacts = open_contacts(wanted.select("person_id", "channel").distinct())
    kind = F.coalesce(*(F.when(F.col("channel") == channel, F.lit(name)) for channel, name in _KIND.items()))
    return (
        wanted.join(contacts, on=["person_id", "channel"], how="inner")
        .select("segment", kind.alias("kind"), F.sha2("address", 256).alias("sha256"))
        .distinct()
        .orderBy("segment", "kind", "sha256")
    )


def export(hashed: DataFrame, folder: Path) -> int:
    """Write the files below the folder; gives how many there are."""
    place = folder / FOLDER
    place.mkdir()

    def write(segment: str, rows: Iterable[Row]) -> None:
        with (place / file_name(segment, ".csv")).open("w", encoding="ascii", newline="\n") as file:
            file.write("kind,sha256\n")
            file.writelines(f"{row['kind']},{row['sha256']}\n" for row in rows)

    return split(rows_of(hashed), write)
