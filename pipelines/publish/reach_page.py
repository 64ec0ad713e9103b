"""The page on reach: by shop, how many receipts come to a mail, a click and an order, and which step loses most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from pipelines.gold.send_reach import MAILED
from pipelines.publish.page import About, Page, Section, count, ratio
from pipelines.publish.reach import DAYS, STEPS, WITHIN_DAYS

WORDS = {
    "receipts": "Receipts",
    "identified": "Identified",
    "email": "A mail reaches them",
    "consent": "May be written to",
    "sent": "Got a mail",
    "clicked": "Clicked",
    "ordered": "Ordered on the site",
}
LOST = {
    "identified": "receipts without a card or another identifier",
    "email": "customers whom no mail can reach",
    "consent": "customers who may not be written to",
    "sent": "people to whom no mail was sent",
}
"""What a step loses, for those that a retailer can work on before anybody reads a mail."""


def reach_page(rows: Sequence[Any], about: About, *, tacit: Sequence[str]) -> Page:
    """The page of the rows that `reach` gives; `tacit` is what counts as consent to mails, by the settings."""
    total = {step: sum(row[step] for row in rows) for step in STEPS}
    named = [(f"Shop {row['store_id']}", row) for row in rows]
    section = Section(
        name="reach",
        title="From the receipt to the order, by shop",
        lead=f"Sale receipts of the last {DAYS} days, and how many of them came as far; what follows a receipt counts "
        f"for {WITHIN_DAYS} days. Shares are of the step before. That somebody ordered after a mail does not say that "
        "the mail caused it: see the report on experiments.",
        head=("", *WORDS.values(), "What limits most"),
        rows=tuple(_line(name, row) for name, row in [("All shops", total), *named]) if rows else (),
        prose=("What limits most",),
        query=_query(about.as_of, tacit),
        nothing=f"There is no sale receipt in the last {DAYS} days.",
    )
    return Page(title="reach", headline=_headline(total), about=about, sections=(section,))


def limit(row: Mapping[str, int]) -> str | None:
    """The step of `LOST` that the smallest share of the step before comes through; null: nothing is lost.

    >>> limit({"receipts": 10, "identified": 6, "email": 2, "consent": 2, "sent": 1})
    'email'
    """
    shares = {
        step: row[step] / row[before] for before, step in pairwise(STEPS) if step in LOST and row[before]
    }
    least = min(shares, key=lambda step: shares[step], default=None)
    return None if least is None or shares[least] == 1 else least


def _headline(total: Mapping[str, int]) -> str:
    if not total["receipts"]:
        return "No receipt, no reach."
    least = limit(total)
    reached = ratio(total["sent"], total["receipts"])
    if least is None:
        return f"{reached} of receipts are followed by a mail."
    lost = total[STEPS[STEPS.index(least) - 1]] - total[least]
    return f"{reached} of receipts are followed by a mail. Most is lost to {LOST[least]}: {count(lost)} receipts."


def _query(as_of: date, tacit: Sequence[str]) -> str:
    silent = "messages > 0" if MAILED in tacit else "false"
    first = as_of - timedelta(DAYS - 1)
    followed = ", ".join(f"coalesce(bool_or({step}), false) AS {step}" for step in STEPS[4:])
    counted = ", ".join(
        f"count(*) FILTER ({' AND '.join(STEPS[1 : place + 1])}) AS {step}"
        for place, step in enumerate(STEPS)
        if place
    )
    text = f"""WITH persons AS (SELECT * FROM silver.person_identifiers WHERE valid_to IS NULL), after AS (SELECT
person_id, touched_on, bool_or(channel = 'email' AND kind IN ('sent', 'delivered')) AS sent, bool_or(channel = 'email'
AND
kind = 'clicked') AS clicked, bool_or(kind = 'order') AS ordered FROM gold.touchpoints JOIN persons
USING (identifier_type, identifier_value) WHERE NOT is_machine AND touched_on >= DATE '{first}' GROUP BY ALL),
told AS (SELECT person_id, bool_or(messages > 0) AS mailed, bool_or(coalesce(consent, {silent})) AS agreed
FROM gold.consents WHERE channel = 'email' GROUP BY ALL),
each AS (SELECT r.store_id, r.receipt_id, any_value(anchor_type IS NOT NULL) AS identified,
any_value((email_since IS NOT NULL OR coalesce(mailed, false)) AND email_bounced_on IS NULL) AS email,
any_value(coalesce(agreed, false)) AS consent,
{followed} FROM silver.receipts r LEFT JOIN persons p ON p.identifier_type = anchor_type
AND p.identifier_value = anchor_value
LEFT JOIN gold.customer_360 c ON c.person_id = p.person_id AND c.as_of = DATE '{as_of}'
LEFT JOIN told ON told.person_id = p.person_id LEFT JOIN after ON
after.person_id = p.person_id AND touched_on BETWEEN r.purchased_on AND r.purchased_on + {WITHIN_DAYS}
WHERE r.kind = 'sale' AND r.purchased_on BETWEEN DATE '{first}' AND DATE '{as_of}' GROUP BY r.store_id, r.receipt_id)
SELECT store_id, count(*) AS receipts, {counted} FROM each GROUP BY ALL ORDER BY receipts DESC"""
    return " ".join(text.split())


def _line(name: str, row: Mapping[str, int]) -> tuple[str, ...]:
    cells = [count(row["receipts"])]
    for before, step in pairwise(STEPS):
        cells.append(f"{count(row[step])} ({ratio(row[step], row[before])})")
    least = limit(row)
    return (name, *cells, LOST[least] if least else "")
