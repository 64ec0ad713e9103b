"""What is said of a trigger: what raises it, for whom, what the message holds, and what it gives way to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, PositiveInt, model_validator

from pipelines.calc.segments.syntax import parsed
from pipelines.calc.triggers.kinds import After, Event, OnSegment, Part, nearest

Channel = Literal["email", "sms", "push"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
SUBJECT = "subject"
BLOCKS = (SUBJECT, "replenishment", "next_purchase", "related", "personal", "new_arrivals")
"""What a message may hold: the goods that it is about, and what is recommended beside them."""


def _known_block(name: str) -> str:
    if name not in BLOCKS:
        raise ValueError(f"there is no block {name}" + nearest(name, BLOCKS))
    return name


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice or not names:
        raise ValueError(f"{twice[0]} stands there twice" if twice else "it is empty")
    return names


def _readable(text: str | None) -> str | None:
    if text is None:
        return None
    parsed(text)
    return " ".join(text.split())


class Cap(Part):
    """At most so many messages in any span of so many days."""

    messages: PositiveInt
    days: PositiveInt


class QuietHours(Part):
    """From this hour of the person's own clock until that one nothing is sent; equal hours: there are none."""

    begins: Annotated[int, Field(ge=0, le=23)]
    ends: Annotated[int, Field(ge=0, le=23)]


class Pause(Part):
    """After a rating of so few stars, promotion pauses for so many days."""

    stars: Annotated[int, Field(ge=1, le=5)]
    days: PositiveInt


class Trigger(Part):
    """One trigger.

    Args:
        name: What it is called; the messages' campaigns begin with it.
        says: What it is, for a person.
        when: What raises it.
        where: Who may have it, as a condition of a segment; null: everybody.
        window_days: What happened on so many days up to a run's date raises it, so that what arrives late does, too.
        blocks: The recipe, in the order of the message.
        least_blocks: With fewer blocks filled there is nothing to say.
        reason: What the goods that it is about are said to be there for; null: what the model says that foresees them,
            or else that they go with the message.
        goods: Goods that the message is about whatever raised it; such goods stand in no other trigger's messages.
        priority: Of several for one person the smallest goes; no two triggers share one.
        expires_hours: So long after what raised it the message may go.
        delay_hours: It goes no earlier than so long after that.
        holdout: Share of people who never get it.
        brand: In whose name it is written: consent, withdrawal and caps are that brand's; null: any brand may write.
        channels: Those that it may take; the earlier wins where nothing else tells.
        cap: How often one person gets it.
        ends_with_purchase: Who has bought since does not get it.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    says: Annotated[str, Field(min_length=1)]
    when: Event
    where: Annotated[str | None, AfterValidator(_readable)] = None
    window_days: PositiveInt = 1
    blocks: Annotated[tuple[Annotated[str, AfterValidator(_known_block)], ...], AfterValidator(_once)]
    least_blocks: PositiveInt = 1
    reason: Annotated[str, Field(min_length=1)] | None = None
    goods: tuple[str, ...] = ()
    priority: PositiveInt
    expires_hours: PositiveInt
    delay_hours: Annotated[int, Field(ge=0)] = 0
    holdout: Annotated[float, Field(ge=0, lt=1)]
    brand: Annotated[str | None, Field(pattern=r"^\w")] = None
    channels: Annotated[tuple[Channel, ...], AfterValidator(_once)]
    cap: Cap
    ends_with_purchase: bool = False

    @model_validator(mode="after")
    def _it_can_be_sent(self) -> Trigger:
        if self.least_blocks > len(self.blocks):
            raise ValueError(f"least_blocks asks for {self.least_blocks} of {len(self.blocks)} blocks")
        if self.delay_hours >= self.expires_hours:
            raise ValueError("delay_hours must be below expires_hours, or it expires before it may go")
        if self.goods and SUBJECT not in self.blocks:
            raise ValueError(f"goods stand in the block {SUBJECT}, which the recipe lacks")
        return self


def told_apart(triggers: tuple[Trigger, ...]) -> tuple[Trigger, ...]:
    """The same triggers.

    Raises:
        ValueError: two share a name or a priority, or one comes after a trigger that is not there.
    """
    names = [trigger.name for trigger in triggers]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"triggers have names of their own; twice there is {', '.join(sorted(twice))}")
    first: dict[int, str] = {}
    for trigger in triggers:
        other = first.setdefault(trigger.priority, trigger.name)
        if other != trigger.name:
            raise ValueError(
                f"{other} and {trigger.name} both have priority {trigger.priority}: one must give way"
            )
        if isinstance(trigger.when, After) and trigger.when.trigger not in names:
            asked = trigger.when.trigger
            raise ValueError(
                f"{trigger.name} comes after {asked}, which is no trigger" + nearest(asked, names)
            )
    return triggers


def can_be_live(triggers: tuple[Trigger, ...], names: Collection[str]) -> None:
    """Nothing, where each name is of a trigger that a receipt raises: continuous mode answers no other.

    Raises:
        ValueError: naming the trigger.
    """
    kinds = {trigger.name: trigger.when.kind for trigger in triggers}
    for name in names:
        if name not in kinds:
            raise ValueError(f"triggers.live: there is no trigger {name}" + nearest(name, kinds))
        if kinds[name] != "receipt":
            raise ValueError(
                f"triggers.live: {name} is raised by a {kinds[name]}, and only a receipt is answered live"
            )


def in_known_segments(triggers: tuple[Trigger, ...], segments: Collection[str]) -> None:
    """Nothing, where every segment that a trigger names is defined.

    Raises:
        ValueError: naming the trigger, the segment and the nearest.
    """
    for trigger in triggers:
        asked = trigger.when.segment if isinstance(trigger.when, OnSegment) else None
        if asked is not None and asked not in segments:
            raise ValueError(f"{trigger.name}: there is no segment {asked}" + nearest(asked, segments))
