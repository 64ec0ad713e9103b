"""The same answer for a chat's bot: a small HTTP server on this machine alone, behind a token.

```
POST /person            Authorization: Bearer <the text of TILLPOST_SUPPORT_TOKEN>
{"phone": "+1 212-555-0123"}            or "email", or "card"; one of them
-> 200 {"text": "...", "person": {...}} · 400 · 401 · 404 · 405 · 413, each with {"error": "..."}
```

It listens on 127.0.0.1 and nowhere else; a bot elsewhere comes through a tunnel or a proxy that knows whom to let in.
Nothing of a question or an answer is logged.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, cast

from pipelines.errors import SettingsError, SystemFault, TillpostError, UsageError
from pipelines.support.person import By, Person, sentences

TOKEN = "TILLPOST_SUPPORT_TOKEN"
SHORTEST, LARGEST = 24, 4096
"""Characters of a token at least, and bytes of a question at most."""

HOST = "127.0.0.1"
Ask = Callable[[By, str], Person]


def token() -> str:
    """The token that every question must carry.

    Raises:
        SettingsError: there is none, or it is too short.
    """
    found = os.environ.get(TOKEN, "")
    if len(found) < SHORTEST:
        raise SettingsError(
            f"{TOKEN} is not set, or shorter than {SHORTEST} characters",
            remedy=f"Set it for this server and for the bot alone: {TOKEN}=$(openssl rand -hex 24)",
        )
    return found


def server(ask: Ask, port: int, secret: str) -> ThreadingHTTPServer:
    """A server that answers with `ask`; the caller runs it and closes it.

    Args:
        ask: Looks a person up.
        port: 0: any that is free.
        secret: The token.

    Raises:
        SystemFault: the port is taken.
    """
    try:
        return ThreadingHTTPServer((HOST, port), _handler(ask, secret))
    except OSError as error:
        raise SystemFault(
            f"Port {port} cannot be listened on: {error}", remedy="Name another --port."
        ) from error


def _handler(ask: Ask, secret: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version, sys_version = "tillpost", ""
        timeout = 10

        def do_POST(self) -> None:
            status, answer = self._answer()
            body = json.dumps(answer, default=str, ensure_ascii=False).encode()
            self.send_response(status)
            for name, value in (
                ("Content-Type", "application/json; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("Cache-Control", "no-store"),
                ("Connection", "close"),
            ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def _answer(self) -> tuple[HTTPStatus, Mapping[str, Any]]:
            given = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), secret.encode()):
                return HTTPStatus.UNAUTHORIZED, {"error": "no token, or another one"}
            if self.path != "/person":
                return HTTPStatus.NOT_FOUND, {"error": "there is only /person"}
            length = self.headers.get("Content-Length", "")
            if not length.isdigit():
                return HTTPStatus.BAD_REQUEST, {"error": "no Content-Length"}
            if int(length) > LARGEST:
                return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": f"more than {LARGEST} bytes"}
            return answered(ask, self.rfile.read(int(length)))

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: a path or a status beside a time would tell who asked for help."""

    return Handler


def answered(ask: Ask, question: bytes) -> tuple[HTTPStatus, Mapping[str, Any]]:
    """The answer to a question that carried the token; what went wrong never repeats the question."""
    try:
        asked = json.loads(question)
    except ValueError:
        return HTTPStatus.BAD_REQUEST, {"error": "not JSON"}
    known: tuple[Literal["phone", "email", "card"], ...] = ("phone", "email", "card")
    if not (isinstance(asked, dict) and len(asked) == 1 and set(asked) <= set(known)):
        return HTTPStatus.BAD_REQUEST, {"error": "ask for one of phone, email and card"}
    ((by, value),) = asked.items()
    if not isinstance(value, str):
        return HTTPStatus.BAD_REQUEST, {"error": f"{by} is no text"}
    try:
        found = ask(cast(By, by), value)
    except UsageError as error:
        return HTTPStatus.NOT_FOUND, {"error": error.message}
    except TillpostError as error:
        return HTTPStatus.SERVICE_UNAVAILABLE, {"error": error.message}
    return HTTPStatus.OK, {"text": "\n".join(sentences(found)), "person": found.as_dict()}
