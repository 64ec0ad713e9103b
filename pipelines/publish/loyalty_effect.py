"""The parts of the loyalty report on its effect: by lot, and members beside others with what that does not prove."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from pipelines.publish.loyalty_collect import SPAN_DAYS, LoyaltyFigures
from pipelines.publish.page import UNKNOWN, About, Section, between, count, percent

_LIMITS = (
    "Members chose to join, and are asked for at the till more often the more often they come; whoever buys much gains "
    "most by joining. Strata of earlier revenue take away what that says, and nothing else: children, distance and "
    "plans stay in it. What people bought without showing a card is in neither group. Only a lot can tell what the "
    "programme causes: leave some new members without points for a while, land it in `assignments`, and name it in "
    "`loyalty.experiments`."
)


def effect(figures: LoyaltyFigures, about: About, cash: Any) -> Section:
    """Members beside others who are known; nothing where there are none of one kind."""
    found = figures.effect
    lead = (
        f"Revenue per person in the last {SPAN_DAYS} days, of people who had bought in the {SPAN_DAYS} before: those "
        "known to be members at the start of the span beside others who were known. As they are, and alike: weighted "
        "so that both groups had bought as much before."
    )
    head = ("", "People", "Other people", "Members", "Difference", "95 %", "Lift")
    nothing = (
        "There is nobody to compare members with: whoever is known is a member, or nobody was one by the start of "
        "the span. So nothing here says what the programme brings."
    )
    if found is None:
        return Section("effect", "Members beside others", lead, head, (), nothing=nothing)
    people = found.others.n + found.members.n
    plain = ((found.members.mean or 0.0), (found.others.mean or 0.0))
    rows = [
        (
            "As they are",
            count(people),
            cash(plain[1]),
            cash(plain[0]),
            cash(plain[0] - plain[1]),
            UNKNOWN,
            UNKNOWN,
        )
    ]
    alike = found.alike.comparison
    if found.alike.means is not None:
        first, second = found.alike.means
        low, high = alike.absolute_interval or (None, None)
        rows.append(
            (
                "Alike by earlier revenue",
                f"{count(round(found.alike.covered * people))} in {found.alike.strata} strata",
                cash(first),
                cash(second),
                cash(alike.absolute),
                between(low, high, cash),
                percent(alike.relative),
            )
        )
    return Section(
        "effect",
        "Members beside others",
        lead,
        head,
        tuple(rows),
        said=(alike.note, _LIMITS),
        query=_query(figures.members, about.as_of),
    )


def _query(members: Sequence[str], as_of: date) -> str:
    start, first = as_of - timedelta(SPAN_DAYS - 1), as_of - timedelta(2 * SPAN_DAYS - 1)
    before = f"purchased_on BETWEEN DATE '{first}' AND DATE '{start - timedelta(1)}'"
    text = f"""WITH persons AS (SELECT * FROM silver.person_identifiers WHERE valid_to IS NULL AND person_id IS NOT
NULL), paid AS (SELECT person_id, coalesce(sum(net_revenue) FILTER (purchased_on >= DATE '{start}'), 0) AS revenue,
coalesce(sum(net_revenue) FILTER ({before}), 0) AS before FROM gold.purchases JOIN persons
USING (identifier_type, identifier_value) WHERE purchased_on <= DATE '{as_of}' GROUP BY ALL
HAVING count(*) FILTER ({before}) > 0), known AS (SELECT identifier_type, identifier_value, min(valid_from) AS first
FROM silver.person_identifiers GROUP BY ALL), joined AS (SELECT person_id, min(first) FILTER (identifier_type IN
({", ".join(map(repr, members))})) AS joined_at FROM persons JOIN known USING (identifier_type, identifier_value)
GROUP BY ALL) SELECT coalesce(joined_at < DATE '{start}', false) AS is_member, CASE WHEN before >= 1 THEN
floor(log2(before)) ELSE -1 END AS stratum, count(*) AS people, sum(revenue) AS revenue, avg(revenue) AS each
FROM paid JOIN joined USING (person_id) GROUP BY ALL ORDER BY ALL"""
    return " ".join(text.split())


def by_lot(figures: LoyaltyFigures, about: About, window_days: int, cents: Any) -> Section:
    """What the programme causes where a lot said who has points: revenue above the control, less what points paid."""
    spent = {(row.experiment_id, row.arm): row for row in figures.points_by_arm}

    def paid(experiment: str, arm: str | None) -> float | None:
        row = spent.get((experiment, arm or ""))
        return float(row.paid) / row.people if row and row.people else None

    def line(row: Any) -> tuple[str, ...]:
        mine, theirs = paid(row.experiment_id, row.arm), paid(row.experiment_id, row.control)
        points = spent.get((row.experiment_id, row.arm))
        left = None
        if row.absolute is not None and mine is not None and theirs is not None:
            left = row.absolute - (mine - theirs)
        return (
            row.experiment_id,
            row.arm if row.control else f"{row.arm} (control)",
            count(row.denominator),
            cents(row.value),
            count(points.points / points.people) if points else UNKNOWN,
            cents(mine),
            cents(row.absolute),
            between(row.absolute_low, row.absolute_high, cents),
            cents(left),
        )

    names = ", ".join(repr(name) for name in sorted({row.experiment_id for row in figures.by_lot}))
    return Section(
        "by_lot",
        "What the programme causes, by lot",
        f"People whom a lot gave points to beside those it did not, per person and in the {window_days} days from "
        "their first assignment, both sides' receipts. The difference is what points caused in that time; less what "
        "they paid for, it is what was left at the tills. It does not say what points do after that, or to others.",
        (
            "Experiment",
            "Arm",
            "People",
            "Revenue",
            "Points earned",
            "Paid by points",
            "Difference",
            "95 %",
            "less points paid",
        ),
        tuple(line(row) for row in figures.by_lot),
        said=tuple(row.verdict for row in figures.by_lot if row.verdict),
        query="SELECT * FROM gold.experiment_results WHERE metric = 'revenue_per_person' AND experiment_id IN "
        f"({names}) AND as_of = DATE '{about.as_of}' ORDER BY ALL",
        nothing="No experiment on the programme was landed and named in `loyalty.experiments`, so what points cause is "
        "not known.",
    )
