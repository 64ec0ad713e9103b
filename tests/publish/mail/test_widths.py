"""A mail in a browser, as wide as a phone and as a desk: nothing sticks out, and no hostile text runs."""

from __future__ import annotations

import re
import shutil
import subprocess
from html import escape
from pathlib import Path

import pytest

from pipelines.publish.mail.render import render
from tests.publish.mail.test_render import five_blocks
from tests.publish.messages_case import HOSTILE, SHOP

pytestmark = pytest.mark.system

PAGE = """<!doctype html><body style="margin:0"><p id="told"></p>
<iframe srcdoc="{mail}" style="width:{width}px;height:900px;border:0"></iframe>
<script>
window.alert = () => {{ document.title = "ran" }};
const frame = document.querySelector("iframe");
frame.onload = () => {{
  const page = frame.contentDocument.documentElement;
  document.querySelector("#told").textContent = `told ${{page.scrollWidth}} of ${{page.clientWidth}}`;
}};
</script>"""


@pytest.mark.parametrize("width", [360, 390, 800])
@pytest.mark.parametrize(
    "title", ["Aseptic Pack Juice And Drinks, National brand, 67.5 oz", "x" * 300, HOSTILE]
)
def test_nothing_sticks_out(tmp_path: Path, width: int, title: str) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("by design: there is no Chromium here to show a mail in")
    page = tmp_path / "page.html"
    mail = escape(render(five_blocks(title), SHOP).html or "")
    page.write_text(PAGE.format(mail=mail, width=width), encoding="utf-8")
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    ]
    shown = subprocess.run(
        [browser, *options, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    told = re.search(r"told (\d+) of (\d+)", shown)
    assert told is not None
    scrolled, seen = map(int, told.groups())
    assert scrolled <= seen <= width
    assert "<title>ran</title>" not in shown
