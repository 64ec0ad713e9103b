"""What a landing file of one source promises: its fields, their types, and which of them are contacts.

A file holds *records*. One record is one JSON object of a JSON Lines file (`.jsonl`, also `.gz` or `.zst`). Every
scalar is read as text first and typed once, in silver, so that a wrong type refuses one record with a reason
and never a whole file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pyspark.sql.types import ArrayType, DataType, StringType, StructField, StructType

Contact = Literal["email", "phone"]

PRIVATE, UNREAD = "vendor_private", "vendor_record"
"""Two fields that any source with contacts may bring, always sealed whole: what of a vendor's own record may
hold a contact, and a vendor's record that could not be read (`landing/formats`)."""


@dataclass(frozen=True)
class Field:
    """One field of a record.

    Args:
        name: As the sender writes it.
        type: What silver makes of it.
        meaning: For the documentation: meaning, unit, and what a missing value says.
        required: A record without it is refused.
        local: An instant that may come without an offset; whoever types it knows the zone that is meant.
        contact: This field is a person's contact: normalised, hashed and sealed at ingest, so that bronze
            holds a token.
        many: The fields of each object, when this field is a list of objects; `type` is then not used.
    """

    name: str
    type: DataType
    meaning: str
    required: bool = False
    local: bool = False
    contact: Contact | None = None
    many: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Source:
    """A stream or reference feed: what its records hold.

    Args:
        name: The folder under the landing root, and the name of its bronze table. doc: What one record is and
            who sends it. fields: Every field that is known; others land too, and are not read.
    """

    name: str
    doc: str
    fields: tuple[Field, ...]

    @property
    def contacts(self) -> dict[str, Contact | Literal["record"]]:
        """The top-level fields that hold contacts, with their kind; `record`: sealed whole, whatever it holds.

        Empty: the source brings none.
        """
        found: dict[str, Contact | Literal["record"]] = {f.name: f.contact for f in self.fields if f.contact}
        return {**found, PRIVATE: "record", UNREAD: "record"} if found else {}

    @property
    def read_schema(self) -> StructType:
        """The explicit schema a payload is read with: every scalar as text."""
        return _as_text(self.fields)


def _as_text(fields: tuple[Field, ...]) -> StructType:
    return StructType(
        [
            StructField(field.name, ArrayType(_as_text(field.many)) if field.many else StringType())
            for field in fields
        ]
    )
