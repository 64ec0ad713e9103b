"""The watermark: what a commit was made from, written into the commit itself.

A table's rows and the statement of what they stand for cannot come apart, since both are one Delta commit
(`userMetadata`). Everything that says "is this up to date" or "what happened" is read back from here;
`audit.runs` is a projection of it.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError


class Counts(BaseModel):
    """Rows of one commit. For facts `received == accepted + refused + duplicates`, exactly.

    `superseded` counts rows that stood before and lost to a record of this commit.
    """

    model_config = ConfigDict(frozen=True)

    received: int = 0
    accepted: int = 0
    refused: int = 0
    duplicates: int = 0
    superseded: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in Counts.model_fields})


class Mark(BaseModel):
    """What a commit was made from.

    `inputs` are versions by table; `rebuilt` says that the counts are those of everything, not of what was
    new; `batch` is the last ingest batch that bronze holds, or of whose records facts were made; `audited` is how far
    `audit.runs` has followed each table. `origin` is the run that began the table, so one that was dropped and made
    anew has another; `origins` are those of the inputs, or of the tables that audit follows. `release` is the
    release that `latest` names from this commit on. `version` is the contract's, which only grows; 0: too old to say.
    """

    model_config = ConfigDict(frozen=True)

    run: str
    stage: str
    as_of: date
    started_at: datetime
    code: str
    contract: str
    version: int = 0
    settings: str
    inputs: dict[str, int] = {}
    models: dict[str, str] = {}
    rebuilt: bool = False
    batch: int = 0
    origin: str = ""
    origins: dict[str, str] = {}
    release: str = ""
    audited: dict[str, int] = {}
    counts: Counts = Counts()

    def dump(self) -> str:
        """The text that goes into the commit."""
        return json.dumps({"tillpost": self.model_dump(mode="json", exclude_defaults=True)}, sort_keys=True)

    def follows(self, other: Mark) -> bool:
        """Whether the inputs of both are the same tables; one without an origin held nothing, or is too old to say."""
        return all(other.origins.get(name, "") == origin for name, origin in self.origins.items() if origin)

    def on_the_terms_of(self, other: Mark) -> bool:
        """Whether both were made under one contract, by the same settings and models, from the same tables."""
        terms = (self.contract, self.settings, self.models)
        return terms == (other.contract, other.settings, other.models) and self.follows(other)

    def deleted(self, at: datetime, *, rebuilt: bool, by: str) -> Mark:
        """Of a commit that only deletes: what the rows that are left were made from stays what it was.

        Args:
            at: When it began.
            rebuilt: Whether everything was written anew.
            by: The run.
        """
        return self.model_copy(update={"run": by, "started_at": at, "rebuilt": rebuilt, "counts": Counts()})

    @classmethod
    def parse(cls, text: str | None) -> Mark | None:
        """The mark of a commit; null when the commit is not ours."""
        try:
            found: Any = json.loads(text or "null")
            return (
                cls.model_validate(found["tillpost"])
                if isinstance(found, dict) and "tillpost" in found
                else None
            )
        except (ValueError, ValidationError):
            return None


def digest(facts: Any) -> str:
    """12 hex digits that change when the facts do."""
    return hashlib.sha256(json.dumps(facts, default=str, sort_keys=True).encode()).hexdigest()[:12]


@cache
def code_version() -> str:
    """12 hex digits of the package's own source, so that two builds of one version number are told apart."""
    package = Path(__file__).resolve().parent.parent
    sources = sorted(package.rglob("*.py"))
    return digest(
        [(str(path.relative_to(package)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in sources]
    )
