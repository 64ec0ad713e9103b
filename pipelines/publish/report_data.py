"""The figures of the report, as plain values: what Spark brings together and what a page is drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

PERIOD_DAYS = 28
WEEKS = 53


@dataclass(frozen=True)
class Period:
    """Figures of a span of days, both included. A share is null where there was nothing to share."""

    first: date
    last: date
    revenue: Decimal
    receipts: int
    identified_share: float | None
    repeat_share: float | None


@dataclass(frozen=True)
class BlockFill:
    """How full a block is: the mails of the day, those with any good in it, those with all; and its slots."""

    block: str
    mails: int
    any: int
    full: int
    slots_filled: int
    slots: int


@dataclass(frozen=True)
class Score:
    """A model's value of a metric, and the bounds of its interval; null: not known."""

    model: str
    metric: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Stage:
    """The people of one lifecycle stage: how many, how many a message may reach, and what 90 days should bring.

    The value is null where nobody of the stage has bought yet.
    """

    stage: str
    people: int
    reachable: int
    expected_value: Decimal | None


@dataclass(frozen=True)
class Good:
    """One slot of a mail."""

    block: str
    slot: int
    title: str
    reason: str


@dataclass(frozen=True)
class Source:
    """What came of the records of one source."""

    table: str
    received: int
    accepted: int
    refused: int
    duplicates: int

    @property
    def missing(self) -> int:
        """Records that nothing accounts for: zero, or something is lost."""
        return self.received - self.accepted - self.refused - self.duplicates


@dataclass(frozen=True)
class Simulated:
    """A source of which some files are simulated, as their names say, and how many it has in all."""

    source: str
    simulated: int
    files: int


@dataclass(frozen=True)
class ReportData:
    """Everything that the report says.

    Args:
        as_of: The business date of the send list.
        currency: ISO code of every amount.
        release_id: The release behind the figures.
        versions: Table versions of that release.
        first_day: The first day with a receipt; null when there is none.
        people: Everyone with a purchase up to now.
        recent: The last `PERIOD_DAYS` up to `as_of`.
        before: As many days before them; null when the data do not reach back so far.
        weeks: Whole weeks from Monday to Sunday, in order, the last `WEEKS` at most.
        days_left_out: Days with receipts in the part weeks at both ends, which `weeks` leaves out.
        categories: The strongest categories of the recent period with their revenue, best first.
        stages: Everybody by lifecycle stage, the largest first.
        tacit: By channel, what counts as consent of people who said nothing.
        mails: Number of people who get a mail.
        blocks: In the order of the mail.
        scores: Models against baselines; empty without a trained model.
        excerpt: Some mails: the person, and the goods in order.
        sources: Reconciliation of what landed.
        simulated: The sources that are not all real.
    """

    as_of: date
    currency: str
    release_id: str
    versions: Mapping[str, int]
    first_day: date | None
    people: int
    recent: Period
    before: Period | None
    weeks: tuple[Period, ...]
    days_left_out: int
    categories: tuple[tuple[str, Decimal], ...]
    stages: tuple[Stage, ...]
    tacit: Mapping[str, Sequence[str]]
    mails: int
    blocks: tuple[BlockFill, ...]
    scores: tuple[Score, ...]
    excerpt: tuple[tuple[str, tuple[Good, ...]], ...]
    sources: tuple[Source, ...]
    simulated: tuple[Simulated, ...]
