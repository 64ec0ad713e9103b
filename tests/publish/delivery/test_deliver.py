"""Nobody gets a message twice, and none is lost: over a real SMTP server that fails, goes away and comes back."""

from __future__ import annotations

import email
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipelines.publish.delivery.adapter import Adapter, InDoubt, Later, Rejected, Unreachable
from pipelines.publish.delivery.deliver import Delivered, Patience, deliver
from pipelines.publish.delivery.files import Files
from pipelines.publish.delivery.journal import Journal, State, journal
from pipelines.publish.delivery.smtp import Server, Smtp
from pipelines.publish.mail.render import Rendered, render
from pipelines.publish.messages import Channel, Message
from tests.publish.messages_case import HOSTILE, SHOP, message

NOW = datetime(2024, 3, 11, 9, 30, tzinfo=UTC)
LIST = [
    message(send_key=f"{n:032x}", person_id=f"p{n}", address=f"p{n}@example.org", title=HOSTILE)
    for n in range(5)
]


class Mailbox:
    """What a server does with mails: its replies by recipient, and what it took."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.replies: dict[str, str] = {}
        self.cut_after: int | None = None

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.replies.get(address, "250 OK")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content: Any = envelope.content
        self.taken.append(email.message_from_bytes(content, policy=default))
        if self.cut_after is not None and len(self.taken) >= self.cut_after:
            server.transport.abort()
        return "250 OK"

    @property
    def recipients(self) -> list[str]:
        return [str(mail["To"]) for mail in self.taken]


@contextmanager
def serving(mailbox: Mailbox, port: int) -> Iterator[None]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Journal]:
    with journal(str(tmp_path / "made" / "journal.db")) as found:
        yield found


def sent_by(
    adapter: Adapter, book: Journal, messages: list[Message] = LIST, templates: str | None = None
) -> Delivered:
    waits: list[float] = []
    carriers: dict[Channel, Adapter] = dict.fromkeys(("email", "sms", "push"), adapter)
    with adapter:
        found = deliver(
            messages,
            carriers,
            book,
            partial(render, shop=SHOP, folder=templates),
            now=NOW,
            patience=Patience(3, 1.0, waits.append),
        )
    assert waits in ([], [1.0, 2.0])
    return found


def over(port: int) -> Smtp:
    return Smtp(Server("127.0.0.1", port, "none", None, 5.0), SHOP)


def test_a_list_goes_out_once_however_often_it_is_sent(port: int, book: Journal) -> None:
    mailbox = Mailbox()
    with serving(mailbox, port):
        first = sent_by(over(port), book)
        again = sent_by(over(port), book)
    assert (first.now, again.now) == (5, 0)
    assert first.states == again.states == {State.SENT: 5}
    assert mailbox.recipients == [f"p{n}@example.org" for n in range(5)]


def test_a_mail_arrives_with_text_html_and_its_headers(port: int, book: Journal) -> None:
    mailbox = Mailbox()
    with serving(mailbox, port):
        sent_by(over(port), book, LIST[:1])
    (mail,) = mailbox.taken
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert str(mail["From"]) == "Tea & Co <news@shop.example>"
    assert mail["Bcc"] is None
    assert mail["Message-ID"] == f"<{LIST[0].send_key}@shop.example>"
    assert mail["List-Unsubscribe"].strip() == f"<{LIST[0].unsubscribe}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    html = mail.get_body(("html",))
    assert html is not None
    assert html.get_content().splitlines() == (render(LIST[0], SHOP).html or "").splitlines()


def test_a_server_that_is_not_there_leaves_the_list_pending_until_it_is(port: int, book: Journal) -> None:
    away = sent_by(over(port), book)
    assert (away.now, away.states) == (0, {State.PENDING: 5})
    assert "ConnectionRefusedError" in away.unreachable["email"]
    assert "example.org" not in away.unreachable["email"]
    mailbox = Mailbox()
    with serving(mailbox, port):
        assert sent_by(over(port), book).now == 5
    assert len(set(mailbox.recipients)) == len(mailbox.recipients) == 5


def test_what_a_server_says_decides_what_becomes_of_a_mail(port: int, book: Journal) -> None:
    mailbox = Mailbox()
    mailbox.replies = {
        "p1@example.org": "450 Greylisted",
        "p3@example.org": "550 No such user p3@example.org",
    }
    with serving(mailbox, port):
        found = sent_by(over(port), book)
        assert found.states == {State.SENT: 3, State.PENDING: 1, State.REJECTED: 1}
        assert found.rejected == [(LIST[3].send_key, "the server refuses it with 550")]
        mailbox.replies.clear()
        again = sent_by(over(port), book)
    assert again.states == {State.SENT: 4, State.REJECTED: 1}
    assert sorted(mailbox.recipients) == [f"p{n}@example.org" for n in (0, 1, 2, 4)]


def test_a_mail_that_broke_off_on_its_way_is_in_doubt_and_not_sent_twice(port: int, book: Journal) -> None:
    mailbox = Mailbox()
    mailbox.cut_after = 3
    with serving(mailbox, port):
        found = sent_by(over(port), book, LIST[:3])
        assert found.states == {State.SENT: 2, State.IN_DOUBT: 1}
        mailbox.cut_after = None
        assert sent_by(over(port), book).states == {State.SENT: 4, State.IN_DOUBT: 1}
        assert book.retry_doubtful() == 1
        assert sent_by(over(port), book).states == {State.SENT: 5}


def test_a_claim_of_a_killed_process_is_in_doubt(tmp_path: Path) -> None:
    path = str(tmp_path / "journal.db")
    with journal(path) as killed:
        assert killed.claim(LIST[0].send_key, "email", "c")
        assert not killed.claim(LIST[0].send_key, "email", "c")
    with journal(path) as book:
        found = sent_by(Files(str(tmp_path / "out"), SHOP), book)
    assert found.states == {State.IN_DOUBT: 1, State.SENT: 4}
    assert len(list((tmp_path / "out" / "email").iterdir())) == 4


def test_files_are_mails_and_short_messages(tmp_path: Path, book: Journal) -> None:
    sms = message(send_key="5" * 32, channel="sms", address="+12125550123")
    found = sent_by(Files(str(tmp_path), SHOP), book, [LIST[0], sms])
    assert found.now == 2
    mail = email.message_from_bytes(
        (tmp_path / "email" / f"{LIST[0].send_key}.eml").read_bytes(), policy=default
    )
    assert str(mail["To"]) == "p0@example.org"
    assert '"to": "+12125550123"' in (tmp_path / "sms" / f"{sms.send_key}.json").read_text("utf-8")


def test_what_is_not_due_has_no_contact_or_cannot_be_written_does_not_go(
    tmp_path: Path, book: Journal
) -> None:
    messages = [
        message(send_key="1" * 32, send_at=datetime(2024, 3, 11, 10, tzinfo=UTC)),
        message(send_key="2" * 32, address=None),
        message(send_key="3" * 32, address="jö@example.org"),
    ]
    found = sent_by(Files(str(tmp_path), SHOP), book, messages)
    assert (found.now, found.not_yet, found.unaddressed) == (0, 1, 1)
    assert found.states == {State.PENDING: 1, State.REJECTED: 1}
    assert not (tmp_path / "email").exists()


def test_a_template_that_fails_refuses_its_messages_alone(tmp_path: Path, book: Journal) -> None:
    (tmp_path / "odd.mjml").write_text(
        '<% extends "general.mjml" %><% block why %>{{ message.unknown }}<% endblock %>', encoding="utf-8"
    )
    odd = message(send_key="6" * 32, trigger="odd")
    found = sent_by(Files(str(tmp_path / "out"), SHOP), book, [odd, LIST[0]], str(tmp_path))
    assert found.states == {State.REJECTED: 1, State.SENT: 1}
    assert "template of odd fails" in found.rejected[0][1]


def test_a_carrier_that_puts_one_message_off_is_asked_for_the_others(book: Journal) -> None:
    class Choosy(Files):
        def deliver(self, message: Message, rendered: Rendered) -> None:
            if message.person == "p2":
                raise Later("not now")

    found = sent_by(Choosy("", SHOP), book)
    assert found.states == {State.SENT: 4, State.PENDING: 1}


OUTCOMES = st.lists(st.sampled_from(["sent", "later", "away", "never", "broken"]), min_size=1, max_size=40)


@hypothesis_settings(max_examples=25)
@given(outcomes=OUTCOMES, calls=st.integers(1, 4))
def test_whatever_a_carrier_does_nobody_gets_a_message_twice_and_none_is_lost(
    outcomes: list[str], calls: int
) -> None:
    taken: list[str] = []
    turns = iter(outcomes)

    class Moody(Files):
        def deliver(self, message: Message, rendered: Rendered) -> None:
            match next(turns, "sent"):
                case "later":
                    raise Later("not now")
                case "away":
                    raise Unreachable("nobody answers")
                case "never":
                    raise Rejected("never")
                case "broken":
                    taken.append(message.send_key)
                    raise InDoubt("it broke off")
            taken.append(message.send_key)

    with TemporaryDirectory() as place, journal(f"{place}/journal.db") as book:
        for _ in range(calls):
            found = deliver(
                LIST,
                {"email": Moody("", SHOP)},
                book,
                lambda _: Rendered("", ""),
                now=NOW,
                patience=Patience(2, 0.0, lambda _: None),
            )
            assert found.states.total() == len(LIST)
        states = book.states()
    assert len(set(taken)) == len(taken)
    gone = {key for key, state in states.items() if state in (State.SENT, State.IN_DOUBT)}
    assert set(taken) == gone
    assert (
        sum(state is State.PENDING for state in states.values()) + sum(m.send_key not in states for m in LIST)
        == found.states[State.PENDING]
    )


def test_of_many_who_claim_a_message_one_gets_it(tmp_path: Path) -> None:
    path = str(tmp_path / "journal.db")
    keys = [f"{n:032x}" for n in range(20)]

    def claimed(_: int) -> list[str]:
        with journal(path) as book:
            return [key for key in keys if book.claim(key, "email", "c")]

    with journal(path), ThreadPoolExecutor(4) as pool:
        won = [key for keys_won in pool.map(claimed, range(4)) for key in keys_won]
    assert sorted(won) == keys
