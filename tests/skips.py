"""A pytest plugin: a skipped test fails, unless its reason says that the skip is by design.

A test that is skipped because something is missing on this machine would otherwise pass for ever without
running. Write `pytest.skip("by design: ...")` for the few that may be skipped. Loaded by the Makefile with
`-p tests.skips`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

BY_DESIGN = "by design:"


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    place = report.longrepr
    return str(place[2] if isinstance(place, tuple) else place).removeprefix("Skipped: ")


def _fail_if_unexpected(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = _reason(report)
    if report.skipped and not hasattr(report, "wasxfail") and not reason.startswith(BY_DESIGN):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped: {reason}\nOnly a skip {BY_DESIGN!r} may pass."


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """Turn a test's unexpected skip into a failure."""
    report = yield
    _fail_if_unexpected(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    """Turn a module's unexpected skip (`importorskip`) into a failure."""
    report = yield
    _fail_if_unexpected(report)
    return report
