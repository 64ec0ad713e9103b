"""User agents: crawlers, devices, and each distinct one looked up once."""

from __future__ import annotations

import doctest

import pyarrow as pa
import pytest

from pipelines.calc import agents

APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.3 Mobile/15E148 Safari/604.1"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0"


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_3 like Mac OS X) {APPLE}", "phone"),
        ("ShopApp/3.2 (iPhone; iOS 17.1)", "phone"),
        (f"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) {APPLE}", "tablet"),
        (f"Mozilla/5.0 (Linux; Android 14; SM-S918B) {CHROME} Mobile Safari/537.36", "phone"),
        ("Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7)", "phone"),
        (f"Mozilla/5.0 (Linux; Android 13; SM-X710) {CHROME} Safari/537.36", "tablet"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36", "desktop"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36", "desktop"),
        (f"Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) {CHROME} TV Safari/537.36", "tv"),
        (f"Mozilla/5.0 (Linux; Android 9; BRAVIA 4K GB Build/PTT1) {CHROME} Safari/537.36", "tv"),
        ("rubbish", None),
        ("", None),
    ],
)
def test_devices_of_people(user_agent: str, device: str | None) -> None:
    assert agents.classify(user_agent) == agents.Agent(False, device)


@pytest.mark.parametrize(
    "user_agent", ["curl/8.4.0", "Mozilla/5.0 (compatible; bingbot/2.0)", "python-requests/2.31"]
)
def test_crawlers(user_agent: str) -> None:
    assert agents.classify(user_agent).is_crawler


def test_a_batch_keeps_its_order_and_looks_up_each_agent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def classify(user_agent: str) -> agents.Agent:
        seen.append(user_agent)
        return agents.Agent(user_agent == "robot", "phone" if user_agent == "a" else None)

    monkeypatch.setattr(agents, "classify", classify)
    found = agents._classified(pa.array(["a", None, "robot", "a", "b"])).to_pylist()
    assert [(row["is_crawler"], row["device"]) for row in found] == [
        (False, "phone"),
        (False, None),
        (True, None),
        (False, "phone"),
        (False, None),
    ]
    assert sorted(seen) == ["a", "b", "robot"]


def test_the_examples_in_docstrings_hold() -> None:
    outcome = doctest.testmod(agents)
    assert outcome.attempted
    assert not outcome.failed
