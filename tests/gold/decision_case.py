"""A few people, their candidates of some days, and the runs that decide them one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from pipelines.calc.triggers.definitions import Cap, Pause, QuietHours, Trigger
from pipelines.calc.triggers.kinds import After, OnReceipt
from pipelines.gold import send_decisions, trigger_candidates

FIRST = date(2024, 3, 1)
TACIT = {"email": ("mailed",), "push": ("token",)}
CAPS = {"overall": Cap(messages=2, days=3), "sms": Cap(messages=1, days=7)}
_C360 = (
    "as_of date, person_id string, favourite_store string, last_purchase_on date, last_rating int, last_rated_on date, "
    "email_since date, phone_since date, push_since date, email_bounced_on date"
)
SCHEMAS = {
    "customer_360": _C360,
    "touchpoints": "touched_on date, kind string, identifier_type string, identifier_value string, channel string, "
    "is_machine boolean",
    "golden_records": "as_of date, person_id string, former_ids array<string>",
    "consents": "person_id string, brand string, channel string, consent boolean, messages int",
    "engagement": "occurred_on date, kind string, message_id string",
    "person_identifiers": "identifier_type string, identifier_value string, person_id string, valid_to timestamp",
    "stores": "store_id string, time_zone string",
    "channel_costs": "spent_on date, channel string, cost decimal(18, 2), messages bigint",
}


def march(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of March 2024 as a frame gives it back: UTC, without a zone."""
    return datetime(2024, 3, day, hour, minute)  # noqa: DTZ001


def trigger(name: str, priority: int, **more: Any) -> Trigger:
    """A trigger of receipts with a block of recommendations."""
    given = {
        "says": name,
        "when": OnReceipt(kind="receipt", side="shop"),
        "blocks": ("personal",),
        "expires_hours": 72,
        "holdout": 0,
        "channels": ("email",),
        "cap": Cap(messages=9, days=1),
    }
    return Trigger(name=name, priority=priority, **{**given, **more})


def after(name: str, priority: int, of: str, days: int, channel: str) -> Trigger:
    return trigger(name, priority, when=After(kind="after", trigger=of, days=days), channels=(channel,))


@dataclass(frozen=True)
class Person:
    """Somebody whose card is their name: what is known of them.

    Who has an address agreed to be written to there, but for `withdrawn`; `told` has further rows of `gold.consents`.
    """

    name: str
    store: str | None = "S1"
    email: bool = True
    phone: bool = False
    push: bool = False
    withdrawn: Sequence[str] = ()
    bounced: bool = False
    bought_on: date | None = None
    rated: tuple[int, date] | None = None
    former: tuple[str, ...] = ()
    opens: Sequence[str] = ()
    mailed: bool = False
    told: Sequence[tuple[str, str, bool | None]] = ()

    def consents(self) -> list[tuple[object, ...]]:
        """Rows of `gold.consents`."""
        said: dict[str, bool] = {"email": True} if self.email else {}
        said |= {"sms": True} if self.phone else {}
        said |= dict.fromkeys(self.withdrawn, False)
        rows: list[tuple[object, ...]] = [(self.name, "-", channel, may, 0) for channel, may in said.items()]
        rows += [(self.name, "-", "email", None, 1)] if self.mailed else []
        return rows + [(self.name, *row, 0) for row in self.told]


def candidate(day: int, person: str | None, of: Trigger, occasion: str = "", **more: Any) -> dict[str, Any]:
    """One of the day's candidates, raised at noon, with one good; `more` replaces its columns."""
    at = march(1 + day, 12)
    item = {
        "block_no": 1,
        "slot": 1,
        "block": "personal",
        "product_id": "g",
        "title": "G",
        "reason": "R.",
        "score": 1.0,
        "model_version": "m/1",
        "propensity": None,
    }
    return {
        "as_of": FIRST + timedelta(day),
        "candidate_id": f"{of.name}/{day}/{occasion or person}",
        "trigger": of.name,
        "kind": of.when.kind,
        "person_id": person,
        "occurred_at": at,
        "earliest_at": at,
        "expires_at": at + timedelta(hours=of.expires_hours),
        "store_id": "S1",
        "products": None,
        "replaced_by": None,
        "items": [item],
        "sold_out": 0,
        "brand": of.brand,
        "priority": of.priority,
        "channels": list(of.channels),
        "least_blocks": of.least_blocks,
        "cap_messages": of.cap.messages,
        "cap_days": of.cap.days,
        "holdout_share": of.holdout,
        "ends_with_purchase": of.ends_with_purchase,
        **more,
    }


@dataclass
class Case:
    """A lake of these candidates and people, and the journal that runs have left.

    `standing` is what the runner hands to `build`: everything that was ever decided, or is open.
    """

    spark: SparkSession
    triggers: Sequence[Trigger]
    people: Sequence[Person]
    candidates: Sequence[dict[str, Any]]
    engagement: Sequence[tuple[object, ...]] = ()
    costs: Sequence[tuple[object, ...]] = ()
    stores: Sequence[tuple[object, ...]] = (("S1", None),)
    caps: dict[str, Cap] = field(default_factory=lambda: CAPS)
    spread: Callable[[DataFrame], DataFrame] = lambda frame: frame
    standing: list[dict[str, Any]] = field(default_factory=list)

    def run(self, day: int, at: datetime | None = None) -> list[dict[str, Any]]:
        """What a run of the day decides, or continuous mode at an instant; the journal holds it from then on."""
        as_of = FIRST + timedelta(day)
        table = send_decisions.TABLE
        columns = trigger_candidates.TABLE.names
        rows = [tuple(each[name] for name in columns) for each in self.candidates if each["as_of"] <= as_of]
        before = [tuple(each[name] for name in table.names) for each in self.standing]
        frames = {
            "trigger_candidates": self.spark.createDataFrame(rows, trigger_candidates.TABLE.schema),
            **{name: self.spark.createDataFrame(self._rows(name, as_of), SCHEMAS[name]) for name in SCHEMAS},
        }
        found = send_decisions.build(
            **{name: self.spread(frame) for name, frame in frames.items()},
            as_of=as_of,
            defined=self.triggers,
            raised=[each.name for each in self.triggers],
            decided_at=at and at.replace(tzinfo=UTC),
            salt="salt",
            tacit_consent=TACIT,
            quiet=QuietHours(begins=21, ends=9),
            caps=self.caps,
            pause=Pause(stars=2, days=14),
            cost_days=90,
            message_costs={"email": Decimal("0.001"), "sms": Decimal("0.02"), "push": Decimal("0.0005")},
            time_zone="UTC",
            close_hour=6,
            standing=self.spark.createDataFrame(before, table.schema),
        )
        decided = [row.asDict(recursive=True) for row in found.collect()]
        open_or_later = [
            each for each in self.standing if each["decided_on"] is None or each["decided_on"] >= as_of
        ]
        self.standing = [each for each in self.standing if each not in open_or_later] + decided
        return decided

    def _rows(self, name: str, as_of: date) -> Iterable[tuple[object, ...]]:
        known = FIRST - timedelta(30)
        people = self.people

        def since(flag: bool) -> date | None:
            return known if flag else None

        tables: dict[str, list[tuple[object, ...]]] = {
            "customer_360": [
                (
                    as_of,
                    p.name,
                    p.store,
                    p.bought_on if p.bought_on and p.bought_on <= as_of else None,
                    *(p.rated or (None, None)),
                    *(since(flag) for flag in (p.email, p.phone, p.push)),
                    since(p.bounced),
                )
                for p in people
            ],
            "touchpoints": [
                (known, "opened", "loyalty_card", p.name, channel, False)
                for p in people
                for channel in p.opens
            ],
            "golden_records": [(as_of, p.name, list(p.former)) for p in people],
            "consents": [row for p in people for row in p.consents()],
            "engagement": list(self.engagement),
            "person_identifiers": [("loyalty_card", p.name, p.name, None) for p in people],
            "stores": list(self.stores),
            "channel_costs": list(self.costs),
        }
        return tables[name]
