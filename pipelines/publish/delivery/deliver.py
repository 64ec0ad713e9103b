"""Every message of a list that is still pending goes to its carrier, once; what cannot go now stays pending."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipelines.calc.triggers.definitions import Channel
from pipelines.publish.delivery.adapter import Adapter, InDoubt, Later, Rejected, Unreachable
from pipelines.publish.delivery.journal import Journal, State
from pipelines.publish.mail.mime import Unwritable
from pipelines.publish.mail.render import Rendered, TemplateFailed
from pipelines.publish.messages import Message


@dataclass
class Delivered:
    """What a call of `deliver` came to.

    Args:
        states: Messages of the list by what became of them, in this call or before.
        now: Those that this call handed over.
        unaddressed: Messages without a contact of their channel.
        not_yet: Messages whose time has not come.
        unreachable: By channel, why its carrier could not be reached; its messages are pending.
        rejected: What was refused in this call: send key and why.
    """

    states: Counter[State] = field(default_factory=Counter)
    now: int = 0
    unaddressed: int = 0
    not_yet: int = 0
    unreachable: dict[Channel, str] = field(default_factory=dict)
    rejected: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Patience:
    """How often a silent carrier is tried, and how long is waited before the second time; then twice that."""

    attempts: int
    wait_seconds: float
    sleep: Callable[[float], None] = time.sleep


def deliver(
    messages: Iterable[Message],
    adapters: Mapping[Channel, Adapter],
    journal: Journal,
    render: Callable[[Message], Rendered],
    *,
    now: datetime,
    patience: Patience,
) -> Delivered:
    """Hand over what is pending and due. The caller is the only one who sends.

    Args:
        messages: The list.
        adapters: The carrier of each channel, open.
        journal: What was handed over before.
        render: Makes a message readable.
        now: The instant (UTC).
        patience: With a carrier that does not answer.
    """
    found = Delivered()
    journal.doubt_claims()
    known = journal.states()
    for message in messages:
        state = known.get(message.send_key, State.PENDING)
        if message.to is None:
            found.unaddressed += 1
            continue
        if state is State.PENDING and message.send_at > now:
            found.not_yet += 1
        elif state is State.PENDING and message.channel not in found.unreachable:
            state = _one(message, adapters[message.channel], journal, render, patience, found)
            found.now += state is State.SENT
        found.states[state] += 1
    return found


def _one(
    message: Message,
    adapter: Adapter,
    journal: Journal,
    render: Callable[[Message], Rendered],
    patience: Patience,
    found: Delivered,
) -> State:
    try:
        rendered, fault = render(message), None
    except TemplateFailed as error:
        rendered, fault = Rendered("", ""), error.message
    if not journal.claim(message.send_key, message.channel, message.campaign):
        return journal.states()[message.send_key]
    try:
        if fault is not None:
            raise Rejected(fault)
        _patiently(lambda: adapter.deliver(message, rendered), patience)
        state, said = State.SENT, None
    except Later as error:
        state, said = State.PENDING, str(error)
        if isinstance(error, Unreachable):
            found.unreachable[message.channel] = said
    except (Rejected, Unwritable) as error:
        state, said = State.REJECTED, str(error)
        found.rejected.append((message.send_key, said))
    except InDoubt as error:
        state, said = State.IN_DOUBT, str(error)
    journal.settle(message.send_key, state, said)
    return state


def _patiently(work: Callable[[], None], patience: Patience) -> None:
    """Do it, and again while the carrier cannot be reached; what it only puts off waits for another call."""
    wait = patience.wait_seconds
    for left in reversed(range(patience.attempts)):
        try:
            return work()
        except Unreachable:
            if not left:
                raise
            patience.sleep(wait)
            wait *= 2
