"""Messages as people see them: whole, escaped, of a bearable size, the same every time."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pyspark.sql import Row

from pipelines.errors import SettingsError
from pipelines.publish.assemble import assembled
from pipelines.publish.mail.render import TemplateFailed, render
from pipelines.publish.messages import Message
from pipelines.settings import load
from tests.publish.messages_case import DAY, HOSTILE, SHOP, link_id, message, row

CLIPPED = 102 * 1024
"""Bytes beyond which Gmail cuts a mail off, and its unsubscribe link with it."""


class Page(HTMLParser):
    """The tags, links and words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    @property
    def links(self) -> set[str | None]:
        return {attrs["href"] for tag, attrs in self.tags if tag == "a"}


def five_blocks(title: str) -> Message:
    blocks = ("replenishment", "next_purchase", "related", "personal", "new_arrivals")
    rows = [
        row(block=block, block_no=n, slot=slot, product_id=f"{block}-{slot}", title=title, reason=title)
        for n, block in enumerate(blocks, 1)
        for slot in range(1, 6)
    ]
    (found,) = assembled(rows, SHOP, link_id)
    assert isinstance(found, Message)
    return found


@pytest.mark.parametrize("trigger", ["receipt_mail", "a_trigger_without_a_template"])
def test_hostile_texts_stay_texts(trigger: str) -> None:
    mail = message(trigger=trigger, title=HOSTILE, reason=HOSTILE)
    found = render(mail, SHOP)
    page = Page(found.html or "")
    assert not {tag for tag, _ in page.tags} & {"script", "iframe", "img"}
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert page.links == {SHOP.site, mail.items[0].link, mail.unsubscribe}
    assert "{{ 7 * 7 }}" in page.words
    assert "<script>alert('x')</script>" in page.words
    assert "\n" not in found.subject
    assert "\r" not in found.subject


def test_a_full_mail_has_every_good_and_is_not_clipped() -> None:
    mail = five_blocks("Aseptic Pack Juice And Drinks, National brand, 67.5 oz")
    found = render(mail, SHOP)
    html = found.html or ""
    assert {item.link for item in mail.items} <= Page(html).links
    assert all(item.link in found.text for item in mail.items)
    assert all(said in found.text for said in ("RUNNING LOW?", "$3.49", mail.unsubscribe, SHOP.imprint))
    assert (
        found.subject == "After your visit: Aseptic Pack Juice And Drinks, National brand, 67.5 oz and more"
    )
    assert len(html.encode()) < CLIPPED * 0.8
    assert render(mail, SHOP) == found


def test_a_picture_is_shown_where_there_is_one_and_a_letter_where_there_is_none() -> None:
    assert 'src="https://cdn.example/1.jpg"' in (
        render(message(image_url="https://cdn.example/1.jpg"), SHOP).html or ""
    )
    assert ">G</div>" in (render(message(title="«green tea»"), SHOP).html or "")


def test_nothing_is_fetched_but_pictures() -> None:
    html = render(five_blocks("Tea"), SHOP).html or ""
    assert not {tag for tag, _ in Page(html).tags} & {"link", "script", "img"}
    assert "@import" not in html


def test_short_messages_are_one_line_with_one_link() -> None:
    sms = render(message(channel="sms", title=HOSTILE), SHOP)
    assert sms.html is None
    assert sms.text.startswith("Tea & Co: Thank you for shopping with us - </td>")
    assert "\n" not in sms.text
    push = render(message(channel="push"), SHOP)
    assert push.subject == "Thank you for shopping with us"
    assert push.text == "Green Tea, Acme brand, 20 ct · $3.49. Goes well with honey."


FORECAST = Row(
    day=DAY + timedelta(1),
    region="Springfield",
    temperature=Decimal("1.5"),
    temperature_min=Decimal("-2.600"),
    temperature_max=Decimal("4.200"),
    precipitation=Decimal("2.100"),
)


def test_each_trigger_speaks_for_itself_on_each_of_its_channels() -> None:
    said: dict[str, set[str]] = {}
    for trigger in load().triggers.defined:
        about = FORECAST if trigger.when.kind == "weather" else None
        mail = message(trigger=trigger.name, weather=about)
        found = render(mail, SHOP)
        _, subject, _, headline, intro, *_ = found.text.splitlines()
        assert subject == found.subject
        words = " ".join(Page(found.html or "").words.split())
        assert headline in words
        assert intro in words
        for channel in trigger.channels:
            short = render(message(trigger=trigger.name, weather=about, channel=channel), SHOP)
            assert headline in f"{short.subject} {short.text}", f"{trigger.name} on {channel}"
        for part, text in (("subject", subject), ("headline", headline), ("intro", intro)):
            assert text not in said.setdefault(part, set()), (
                f"{trigger.name} has the {part} of another trigger"
            )
            said[part].add(text)
    general = render(message(trigger="a_trigger_without_a_template"), SHOP)
    assert general.subject not in said["subject"]


def test_a_weather_mail_shows_the_forecast() -> None:
    found = render(message(trigger="weather_news", weather=FORECAST), SHOP)
    assert found.subject == "The weather for 11 March, and what goes with it"
    assert "Springfield, 11 March: -3 to 4 °C, 2 mm of rain or snow" in found.text
    assert "-3 to 4 °C, 2 mm of rain or snow" in Page(found.html or "").words
    assert "°C" not in render(message(), SHOP).text, "control: any other mail does not"
    dry = Row(**{**FORECAST.asDict(), "temperature_min": None, "precipitation": Decimal(0)})
    assert "11 March: 2 °C, dry" in render(message(trigger="frost", weather=dry), SHOP).text


def test_a_shop_replaces_a_template_and_a_broken_one_is_named(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "receipt_mail.mjml").write_text(
        '<% extends "general.mjml" %><% block subject %>Hello<% endblock %>', encoding="utf-8"
    )
    assert render(message(), SHOP, str(own)).subject == "Hello"
    for broken in ("<mjml><mj-body></mjml>", '<% extends "nowhere.mjml" %>', "<% block %>"):
        other = tmp_path / f"broken-{len(broken)}"
        other.mkdir()
        (other / "receipt_mail.mjml").write_text(broken, encoding="utf-8")
        with pytest.raises(SettingsError, match="receipt_mail"):
            render(message(), SHOP, str(other))


def test_a_template_that_fails_on_a_message_names_it(tmp_path: Path) -> None:
    (tmp_path / "receipt_mail.mjml").write_text(
        '<% extends "general.mjml" %><% block subject %>{{ message.unknown }}<% endblock %>', encoding="utf-8"
    )
    with pytest.raises(TemplateFailed, match="a" * 32):
        render(message(), SHOP, str(tmp_path))
