"""A chat's bot gets an answer with the token, over this machine alone, and nothing repeats what was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from http.client import HTTPConnection
from threading import Thread
from typing import Any

import pytest

from pipelines.errors import SettingsError, UsageError
from pipelines.support import webhook
from pipelines.support.person import By, Person

SECRET = "a-token-of-at-least-24-characters"
FOUND = Person(
    person_id="p1",
    contacts={"email": ["jo@example.org"], "phone": ["+12125550123"]},
    cards=["4711"],
    profile={"lifecycle_stage": "active", "last_purchase_on": date(2024, 3, 1)},
    points={"balance": 30, "available": 20},
    frozen=[{"points": 10, "available_on": date(2024, 3, 15), "reason": "10 points for 100 paid"}],
    history=[],
    purchases=[
        {
            "happened_at": datetime(2024, 3, 1, 12, tzinfo=UTC),
            "kind": "sale",
            "store": "S1",
            "document": "S1/1/7/2024-03-01",
            "amount": Decimal("9.90"),
        }
    ],
    messages=[],
    segments=[{"segment": "tea_lovers", "since": date(2024, 2, 1)}],
    why=[],
)


def ask(by: By, value: str) -> Person:
    if (by, value) != ("phone", "212 555 0123"):
        raise UsageError(f"No {by} of this value was ever seen", remedy="Ask again.")
    return FOUND


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with webhook.server(ask, 0, SECRET) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def post(
    port: int, body: Any, secret: str = SECRET, path: str = "/person", method: str = "POST"
) -> tuple[int, dict[str, Any]]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    text = body if isinstance(body, str) else json.dumps(body)
    connection.request(method, path, text, {"Authorization": f"Bearer {secret}"})
    answer = connection.getresponse()
    said = answer.read()
    return answer.status, json.loads(said) if said.startswith(b"{") else {}


def test_a_question_with_the_token_is_answered_in_words_and_in_fields(port: int) -> None:
    status, answer = post(port, {"phone": "212 555 0123"})
    assert status == 200
    assert answer["person"]["points"] == {"balance": 30, "available": 20}
    assert answer["text"].splitlines() == [
        "p1: jo@example.org, +12125550123",
        "active; last purchase 2024-03-01",
        "30 points, 20 of them to spend now",
        "10 points are frozen until 2024-03-15",
        "2024-03-01 sale S1/1/7/2024-03-01: 9.90",
        "in tea_lovers",
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"phone": "999 999 9999"}, 404),
        ({"phone": "212 555 0123", "card": "4711"}, 400),
        ({"person": "p1"}, 400),
        ({"phone": 1}, 400),
        ("[]", 400),
        ("{", 400),
        ("x" * 5000, 413),
    ],
)
def test_a_wrong_question_is_refused_without_repeating_it(port: int, body: Any, status: int) -> None:
    found, answer = post(port, body)
    assert (found, set(answer)) == (status, {"error"})
    assert "999" not in answer["error"]


def test_without_the_token_nothing_is_answered(port: int) -> None:
    assert post(port, {"phone": "212 555 0123"}, secret="") == (401, {"error": "no token, or another one"})
    assert post(port, {"phone": "212 555 0123"}, secret="é" * 30)[0] == 401
    assert post(port, {"phone": "212 555 0123"}, path="/")[0] == 404
    assert post(port, "", method="GET")[0] == 501


def test_a_server_without_a_token_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    for short in ("", "short"):
        monkeypatch.setenv(webhook.TOKEN, short)
        with pytest.raises(SettingsError, match="24 characters"):
            webhook.token()
