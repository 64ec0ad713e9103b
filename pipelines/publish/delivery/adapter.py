"""What an adapter to a carrier of messages does, and the three ways in which it may fail.

To add a carrier, write a class with `deliver` and a line in `sending.adapter_of`; the journal, the retries and the
order of messages are the same for all of them.
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from pipelines.publish.mail.render import Rendered
from pipelines.publish.messages import Message


class Later(Exception):
    """The message was not handed over, and may be some other time; the text says why, without a contact."""


class Unreachable(Later):
    """The carrier itself does not answer or does not let us in: no other message would go out now either."""


class Rejected(Exception):
    """The carrier will never take this message."""


class InDoubt(Exception):
    """The carrier may have taken the message: it broke off before it said so."""


class Adapter(Protocol):
    """Hands over one message after the other, between `__enter__` and `__exit__`."""

    def __enter__(self) -> Self:
        """Ready to deliver; what is far away is reached for at the first message."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of what is held."""
        ...

    def deliver(self, message: Message, rendered: Rendered) -> None:
        """Hand over a message that has a contact of its channel; when it returns, the carrier has it.

        Raises:
            Later: not now.
            Rejected: never.
            InDoubt: nobody can tell.
        """
        ...
