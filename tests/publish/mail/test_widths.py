"""A mail in a browser, as wide as a phone and as a desk: nothing sticks out, and no hostile text runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.publish.mail.render import render
from tests.browser import widths
from tests.publish.mail.test_render import five_blocks
from tests.publish.messages_case import HOSTILE, SHOP

pytestmark = pytest.mark.system


@pytest.mark.parametrize("width", [360, 390, 800])
@pytest.mark.parametrize(
    "title", ["Aseptic Pack Juice And Drinks, National brand, 67.5 oz", "x" * 300, HOSTILE]
)
def test_nothing_sticks_out(tmp_path: Path, width: int, title: str) -> None:
    scrolled, seen = widths(render(five_blocks(title), SHOP).html or "", tmp_path, width)
    assert scrolled <= seen <= width
