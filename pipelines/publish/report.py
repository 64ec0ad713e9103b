"""The report of a release: one HTML file that opens offline, on a phone, on paper, in light and in dark.

A page refers to nothing outside itself, and its own content security policy forbids it to. Everything that
comes from the data is escaped: in the page by Jinja, in the charts as JSON that cannot end its script.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import cache, partial
from pathlib import Path

import jinja2
import vl_convert
from markupsafe import Markup

from pipelines.calc.money import sign
from pipelines.publish.reachable import people
from pipelines.publish.report_charts import charts, still
from pipelines.publish.report_data import PERIOD_DAYS, Period, ReportData
from pipelines.publish.report_style import VEGA_LITE


def environment(currency: str) -> jinja2.Environment:
    """Where every page is made: everything that comes from the data is escaped."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "number": _number,
        "percent": _percent,
        "day": _day,
        "amount": partial(money, currency=currency),
    }
    return found


def render(data: ReportData) -> str:
    """The whole page. The same data give the same page: there is no clock in it."""
    specs = charts(data)
    return (
        environment(data.currency)
        .get_template("report.html.j2")
        .render(
            data=data,
            charts=specs,
            stills={name: Markup(still(spec)) for name, spec in specs.items()},
            quality=[name for name in specs if name.startswith("quality_")],
            vega=vega() if specs else "",
            headline=headline(data),
            tiles=list(_tiles(data)),
            notes=notes(data),
            queries=_queries(data),
            period_days=PERIOD_DAYS,
        )
    )


def headline(data: ReportData) -> str:
    """What a reader should take away, in two sentences."""
    recent, before = data.recent, data.before
    goods = sum(block.slots_filled for block in data.blocks)
    mails = (
        f"{_number(data.mails)} people who shopped on {_day(data.as_of)} get a mail, "
        f"with {goods / data.mails:.1f} goods on average."
        if data.mails
        else f"Nobody gets a mail for {_day(data.as_of)}."
    )
    revenue = f"Revenue of the last {PERIOD_DAYS} days was {money(recent.revenue, data.currency)}"
    change = _change(recent.revenue, before.revenue) if before else ""
    return f"{mails} {revenue}{', ' if change else ''}{change}."


def notes(data: ReportData) -> list[str]:
    """What a reader could misread, said."""
    said = []
    if data.simulated:
        parts = [
            s.source if s.simulated == s.files else f"{s.simulated:,} of {s.files:,} files of {s.source}"
            for s in data.simulated
        ]
        said.append(
            f"Not everything here is real. Simulated, as the names of the files say: {', '.join(parts)}. "
            "All the rest is as it was received."
        )
    if data.recent.identified_share == 1:
        said.append(
            "Every receipt in these data carries an identifier, so the identified share is 100 % by "
            "construction. It does not say how many customers show a card."
        )
    if data.first_day:
        said.append(
            f"The data begin on {_day(data.first_day)}. Whoever bought before counts as new at their first "
            "receipt here, so the repeat share starts low and climbs for months whatever happens in shops."
        )
    if data.recent.repeat_share == 1:
        said.append("Lately nobody bought for the first time: the data may follow a closed group of people.")
    if data.days_left_out:
        days = "1 day" if data.days_left_out == 1 else f"{data.days_left_out} days"
        said.append(f"Weekly charts show whole weeks from Monday to Sunday; {days} at the ends are left out.")
    return said


def money(amount: Decimal, currency: str, digits: int = 0) -> str:
    """Whole units of the currency, or so many digits: `$93,512`, or `CHF 93,512` where the sign is not known."""
    return f"{'−' if amount < 0 else ''}{sign(currency)}{abs(amount):,.{digits}f}"


def _tiles(data: ReportData) -> Iterator[tuple[str, str, str]]:
    """Label, figure and remark of each tile."""
    recent, before = data.recent, data.before
    revenue = _change(recent.revenue, before.revenue) if before else ""
    receipts = _change(recent.receipts, before.receipts) if before else ""
    yield "Revenue", money(recent.revenue, data.currency), revenue
    yield "Receipts", _number(recent.receipts), receipts
    yield "Identified share", _percent(recent.identified_share), _points(recent, before, "identified_share")
    yield "Repeat share", _percent(recent.repeat_share), _points(recent, before, "repeat_share")
    yield "People", _number(data.people), "with a purchase so far"


def _change(now: Decimal | int, then: Decimal | int) -> str:
    """`4.2 % below the 28 days before`; nothing where there was nothing before."""
    if not then:
        return ""
    share = float((now - then) / then)
    beside = f"{abs(share):.1%} {'above' if share > 0 else 'below'}".replace("%", "\u00a0%")
    return f"{beside if abs(share) >= 0.0005 else 'the same as'} the {PERIOD_DAYS} days before"


def _points(recent: Period, before: Period | None, share: str) -> str:
    now, then = getattr(recent, share), getattr(before, share, None)
    if now is None or then is None:
        return ""
    points = 100 * (now - then)
    return f"{points:+.1f} points" if abs(points) >= 0.05 else f"as in the {PERIOD_DAYS} days before"


def _percent(share: float | None) -> str:
    """One decimal, cut rather than rounded, so that only a whole share says 100 %."""
    if share is None:
        return "–"
    return "100\u00a0%" if share == 1 else f"{int(share * 1000) / 10:.1f}\u00a0%"


def _number(value: int) -> str:
    return f"{value:,}"


def _day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"


def _queries(data: ReportData) -> dict[str, str]:
    """Section -> a command that gives its figures again, from the very versions of this release."""
    day, recent = data.as_of, data.recent
    asked = {
        "revenue": "SELECT date_trunc('week', purchased_on) AS week, sum(net_revenue) AS revenue "
        "FROM gold.kpi_daily GROUP BY week ORDER BY week",
        "shares": "SELECT date_trunc('week', purchased_on) AS week, "
        "sum(identified_receipts) / sum(receipts) AS identified, "
        "sum(repeat_receipts) / sum(identified_receipts) AS repeat "
        "FROM gold.kpi_daily GROUP BY week ORDER BY week",
        "categories": "SELECT p.category, sum(l.net_amount) AS revenue FROM silver.receipt_lines l "
        "JOIN silver.products p USING (product_id) "
        f"WHERE l.purchased_on BETWEEN DATE '{recent.first}' AND DATE '{recent.last}' "
        "GROUP BY p.category ORDER BY revenue DESC LIMIT 10",
        "stages": "SELECT lifecycle_stage, count(*) AS people, count(*) FILTER (reachable) AS reachable, "
        f"sum(expected_value_90) AS expected_value FROM {people(day, data.tacit)} "
        "GROUP BY lifecycle_stage ORDER BY people DESC, lifecycle_stage",
        "blocks": "SELECT block, count(DISTINCT person_id) AS mails, count(*) AS slots FROM gold.send_list "
        f"WHERE as_of = DATE '{day}' GROUP BY block",
        "excerpt": "SELECT person_id, block, slot, title, reason FROM gold.send_list "
        f"WHERE as_of = DATE '{day}' AND person_id IN ({_quoted(person for person, _ in data.excerpt)}) "
        "ORDER BY person_id, block, slot",
        "sources": "SELECT r.table, sum(r.received) AS received, sum(r.accepted) AS accepted, "
        "sum(r.refused) AS refused, sum(r.duplicates) AS duplicates FROM audit.runs r "
        "WHERE r.received > 0 AND r.output_version >= (SELECT max(l.output_version) FROM audit.runs l "
        "WHERE l.table = r.table AND l.rebuilt AND l.received > 0) "
        f"AND r.table IN ({_quoted(source.table for source in data.sources)}) GROUP BY r.table ORDER BY r.table",
        "versions": f"SELECT * FROM audit.releases WHERE release_id = '{data.release_id}'",
    }
    pinned = {"sources", "versions"}
    return {
        name: f'tillpost sql {"" if name in pinned else f"--release {data.release_id} "}"{query}"'
        for name, query in asked.items()
    }


def _quoted(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values) or "NULL"


@cache
def vega() -> Markup:
    """Vega, Vega-Lite and Vega-Embed as one script; it holds no end of a script element."""
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", VEGA_LITE)
    if "</script" in bundle.lower() or "<!--" in bundle:
        raise ValueError("the Vega bundle cannot stand inside a page")
    return Markup(bundle)
