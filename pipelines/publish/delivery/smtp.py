"""The adapter that hands mails to an SMTP server, over one connection for many mails.

What a server says decides what becomes of a mail: a reply of 4xx is for later, of 5xx for good. A connection that
breaks before the mail's bytes are on their way has handed over nothing; one that breaks after that leaves the mail in
doubt, since the server may have taken it.
"""

from __future__ import annotations

import os
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pipelines.publish.assemble import Shop
from pipelines.publish.delivery.adapter import InDoubt, Later, Rejected, Unreachable
from pipelines.publish.mail.mime import mail
from pipelines.publish.mail.render import Rendered
from pipelines.publish.messages import Message

PASSWORD = "TILLPOST_SMTP_PASSWORD"
"""The variable that holds the password; no setting does."""


@dataclass(frozen=True)
class Server:
    """Where the server is, and how it is talked to.

    Args:
        host: Its name.
        port: Usually 587 with `starttls`, 465 with `tls`, 25 on a machine's own network.
        security: `starttls`, `tls` or `none`.
        user: Who signs in, with the password of `TILLPOST_SMTP_PASSWORD`; null: nobody does.
        timeout_seconds: So long an answer is waited for.
    """

    host: str
    port: int
    security: str
    user: str | None
    timeout_seconds: float


class Smtp:
    """One connection to a server, opened at the first mail and again after it broke."""

    def __init__(self, server: Server, shop: Shop) -> None:
        self._server = server
        self._shop = shop
        self._connection: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        """Nothing to open yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take leave of the server."""
        self._leave()

    def deliver(self, message: Message, rendered: Rendered) -> None:
        """Hand the mail over.

        Raises:
            Later: the server puts this mail off.
            Unreachable: the server does not answer, or does not let us in.
            Rejected: the server refuses it for good.
            InDoubt: the connection broke after the mail was on its way.
        """
        written = mail(message, rendered, self._shop)
        try:
            connection = self._connected()
            _accepted(connection.mail(self._shop.sender))
            _accepted(connection.rcpt(str(message.to and message.to.email)))
        except (Rejected, Later):
            self._reset()
            raise
        except (OSError, smtplib.SMTPException) as error:
            self._leave()
            raise Unreachable(self._said(error)) from error
        try:
            _accepted(connection.data(written.as_bytes()))
        except smtplib.SMTPDataError as error:
            self._reset()
            _accepted((error.smtp_code, _bytes(error.smtp_error)))
        except (OSError, smtplib.SMTPException) as error:
            self._leave()
            raise InDoubt(f"{self._said(error)}, after the mail was on its way") from error

    def _connected(self) -> smtplib.SMTP:
        if self._connection is None:
            server = self._server
            context = ssl.create_default_context()
            if server.security == "tls":
                found: smtplib.SMTP = smtplib.SMTP_SSL(
                    server.host, server.port, timeout=server.timeout_seconds, context=context
                )
            else:
                found = smtplib.SMTP(server.host, server.port, timeout=server.timeout_seconds)
            self._connection = found
            if server.security == "starttls":
                found.starttls(context=context)
            if server.user is not None:
                found.login(server.user, os.environ.get(PASSWORD, ""))
            found.ehlo_or_helo_if_needed()
        return self._connection

    def _reset(self) -> None:
        """Forget the mail that was begun, and keep the connection if it stands."""
        try:
            if self._connection is not None:
                self._connection.rset()
        except (OSError, smtplib.SMTPException):
            self._leave()

    def _leave(self) -> None:
        if self._connection is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._connection.quit()
            self._connection.close()
            self._connection = None

    def _said(self, error: Exception) -> str:
        """What went wrong, without what the server said: it may have repeated an address."""
        code = f" {error.smtp_code}" if isinstance(error, smtplib.SMTPResponseException) else ""
        return f"{self._server.host}:{self._server.port}: {type(error).__name__}{code}"


def _accepted(reply: tuple[int, bytes]) -> None:
    """Nothing, for a reply of 2xx or 3xx."""
    code = reply[0]
    if 500 <= code < 600:
        raise Rejected(f"the server refuses it with {code}")
    if code == 421:
        raise Unreachable("the server closes the connection with 421")
    if not 200 <= code < 400:
        raise Later(f"the server puts it off with {code}")


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode()
