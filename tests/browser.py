"""A page in headless Chromium: what stands in it once its scripts have run, and what axe says of it."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
FRAME = """<!doctype html><body style="margin:0"><p id="told"></p>
<iframe srcdoc="{page}" style="width:{width}px;height:900px;border:0"></iframe>
<script>
window.alert = () => {{ document.title = "ran" }};
const frame = document.querySelector("iframe");
frame.onload = () => {{
  const page = frame.contentDocument.documentElement;
  document.querySelector("#told").textContent = `told ${{page.scrollWidth}} of ${{page.clientWidth}}`;
}};
</script>"""
VIRTUAL_MS = 20_000
"""What scripts wait for is over at once: the browser's clock jumps, by so much at most."""
_TOLD = """<pre id="told"></pre><script>
const tell = what => {{ document.getElementById("told").textContent = JSON.stringify(what); }};
{script}
</script>"""


def shown(page: Path, *options: str) -> str:
    """The document as it stands in the end, as HTML."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("by design: there is no Chromium here to show a page in")
    profile = f"--user-data-dir={page.parent / 'profile'}"
    words = [browser, *OPTIONS, profile, *options, "--dump-dom", page.as_uri()]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=True).stdout


def told(text: str, script: str, folder: Path, *options: str, before: str = "") -> Any:
    """What `tell` is given by a script at the end of a page; `before` is a script that stands in front of it."""
    page = folder / "page.html"
    asked = (f"<script>{before}</script>" if before else "") + _TOLD.format(script=script)
    body, end, rest = text.rpartition("</body>")  # a script above may hold one, too
    page.write_text(body + asked + end + rest, encoding="utf-8")
    document = shown(page, f"--virtual-time-budget={VIRTUAL_MS}", *options)
    said = re.search(r'<pre id="told">(.*?)</pre>', document, re.DOTALL)
    assert said is not None, document[:2000]
    return json.loads(html.unescape(said[1]))


def widths(text: str, folder: Path, width: int) -> tuple[int, int]:
    """How wide a page is that is seen so wide, and how much of that is seen; a phone is narrower than any window.

    Fails where a script of the page raises an alert.
    """
    page = folder / "frame.html"
    page.write_text(FRAME.format(page=html.escape(text), width=width), encoding="utf-8")
    document = shown(page)
    said = re.search(r"told (\d+) of (\d+)", document)
    assert said is not None
    assert "<title>ran</title>" not in document
    return int(said[1]), int(said[2])


def axe() -> str:
    """The script of axe-core; its wrapper is not imported, since it asks for a browser of its own."""
    found = find_spec("axe_playwright_python")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).with_name("axe.min.js").read_text(encoding="utf-8")
