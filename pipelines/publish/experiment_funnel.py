"""The parts of the report on experiments that describe: mailings step by step, uplifts, tests on the site."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from pipelines.calc.experiment.arm import BUYERS, CHECK, PURCHASES, REVENUE
from pipelines.gold.experiment_units import ON_SITE
from pipelines.publish.page import UNKNOWN, About, Section, between, count, percent
from pipelines.publish.report import money

MOST = 30
STEPS = {
    "delivered_per_sent": "Delivered per sent",
    "opened_per_sent": "Opened per sent",
    "opened_per_sent_human": "by people",
    "clicked_per_opened": "Clicked per open",
    "clicked_per_opened_human": "by people",
    "ordered_per_clicked": "Ordered per click",
    "ordered_per_clicked_human": "by people",
}
_HUMAN = "_human"
_PER_PERSON = {
    BUYERS: "Buyers per person",
    PURCHASES: "Purchases per person",
    REVENUE: "Revenue per person",
}


def by_arm(rows: Iterable[Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """Of rows in the order of experiment and arm, both names and the arm's rows by metric."""
    for names, mine in groupby(rows, key=lambda row: (row.experiment_id, row.arm)):
        yield names, {row.metric: row for row in mine}


def cash(value: float | None, currency: str, digits: int = 0) -> str:
    """An amount, whole or to the cent; a dash where it is not known."""
    return UNKNOWN if value is None else money(Decimal(str(value)), currency, digits)


def funnel(rows: Sequence[Any], window_days: int, about: About) -> Section:
    """The largest mailings, step by step."""

    def shown() -> Iterator[tuple[str, ...]]:
        for (experiment, arm), of in by_arm(row for row in rows if row.kind != ON_SITE):
            yield (
                experiment,
                arm,
                count(of[REVENUE].denominator),
                *(_rate(of.get(name)) for name in STEPS),
                _rate(of[BUYERS]),
                count(of[PURCHASES].numerator),
                cash(of[REVENUE].numerator, about.currency),
                cash(of[REVENUE].value, about.currency, 2),
            )

    found = sorted(shown(), key=lambda row: -int(row[2].replace(",", "")))[:MOST]
    head = ("People", *STEPS.values(), "Buyers per person", "Purchases", "Revenue", "Revenue per person")
    return Section(
        "funnel",
        "Mailings as marketers read them",
        f"People, each once. Opens, clicks and orders within {window_days} days of the first message; each rate says "
        "what it is of, raw and by people, machines left out. Only what is per person can be compared: who opens or "
        f"clicks has chosen to. The {MOST} largest.",
        ("Mailing", "Arm", *head),
        tuple(found),
        query="SELECT experiment_id, arm, metric, numerator, denominator, value FROM gold.experiment_results "
        f"WHERE kind <> '{ON_SITE}' AND as_of = DATE '{about.as_of}' ORDER BY ALL",
        nothing="No mailing was sent.",
    )


def uplifts(rows: Sequence[Any], about: About) -> Section:
    """Each step of an arm against the same step of its control, as marketers publish them, and what compares."""

    def shown() -> Iterator[tuple[str, ...]]:
        found = dict(by_arm(rows))
        for (experiment, arm), of in found.items():
            base = found.get((experiment, of[REVENUE].control), {})
            for name in (*STEPS, *_PER_PERSON):
                row, first = of.get(name), base.get(name)
                if row is not None and first is not None:
                    shares = (_value(one, name) for one in (row, first))
                    yield (experiment, arm, _title(name), *shares, _lift(row.relative), _lifts(row))
            if base:
                ours, theirs = of[PURCHASES].numerator, base[PURCHASES].numerator
                lift = _lift(ours / theirs - 1 if theirs > 0 else None)
                yield (experiment, arm, "Purchases, counted", count(ours), count(theirs), lift, UNKNOWN)

    return Section(
        "uplifts",
        "Uplift by step",
        "Each arm against its control. Steps per open and per click compare people who chose to open or click, and "
        "counted purchases compare groups of any size; only what is per person says what a mailing brings, and only "
        "where a lot has drawn the people.",
        ("Experiment", "Arm", "Step", "In the arm", "In the control", "Uplift", "95 %"),
        tuple(shown()),
        query="SELECT experiment_id, arm, metric, value, value - absolute AS control, relative, relative_low, "
        f"relative_high FROM gold.experiment_results WHERE control IS NOT NULL AND as_of = DATE '{about.as_of}' "
        "ORDER BY ALL",
        nothing="No mailing has an arm to compare with.",
    )


def on_site(rows: Sequence[Any], about: About) -> Section:
    """Tests on the site: conversion, average check and revenue, per visitor."""

    def shown() -> Iterator[tuple[str, ...]]:
        for (test, arm), of in by_arm(row for row in rows if row.kind == ON_SITE):
            check, revenue, bought = of.get(CHECK), of[REVENUE], of[BUYERS]
            yield (
                test,
                arm,
                count(revenue.denominator),
                percent(bought.value, 2),
                between(bought.low, bought.high, lambda share: percent(share, 2)),
                f"{cash(check.value, about.currency, 2)} of {count(check.denominator)}" if check else UNKNOWN,
                cash(revenue.value, about.currency, 2),
                between(revenue.low, revenue.high, lambda value: cash(value, about.currency, 2)),
                _lift(revenue.relative),
                _lifts(revenue),
            )

    return Section(
        "on_site",
        "Tests on the site",
        "Visitors, each once, from their first view in the test: how many bought on either side, what a purchase came "
        "to, and revenue per visitor against the shop's own arm. An average check compares those who bought, so it "
        "describes; revenue per visitor decides.",
        (
            "Test",
            "Arm",
            "Visitors",
            "Bought",
            "95 %",
            "Average check",
            "Revenue per visitor",
            "95 %",
            "Lift",
            "95 %",
        ),
        tuple(shown()),
        query="SELECT experiment_id, arm, metric, numerator, denominator, value, low, high, relative FROM "
        f"gold.experiment_results WHERE kind = '{ON_SITE}' AND as_of = DATE '{about.as_of}' ORDER BY ALL",
        nothing="No test ran on the site.",
    )


def _title(metric: str) -> str:
    """A metric's name by itself: in the funnel those of people lean on the column before."""
    raw = metric.removesuffix(_HUMAN)
    return _PER_PERSON.get(metric) or STEPS[raw] + ("" if raw == metric else ", by people")


def _rate(row: Any) -> str:
    return UNKNOWN if row is None else f"{percent(row.value)} of {count(row.denominator)}"


def _value(row: Any, name: str) -> str:
    if name in (PURCHASES, REVENUE):
        return UNKNOWN if row.value is None else f"{row.value:,.4f} of {count(row.denominator)}"
    return f"{percent(row.value, 2)} of {count(row.denominator)}"


def _lift(share: float | None) -> str:
    return UNKNOWN if share is None else f"{share:+,.0%}".replace("%", "\u00a0%")


def _lifts(row: Any) -> str:
    return UNKNOWN if row.relative is None else between(row.relative_low, row.relative_high, _lift)
