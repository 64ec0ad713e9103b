"""Who can be written to at all, as a query that gives a report's figures again: see `gold.send_reach`.

What counts as consent of people who said nothing is a setting, and stands in no table, so the query names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from pipelines.calc.triggers.definitions import CHANNELS
from pipelines.gold.send_reach import MAILED, TOKEN


def people(as_of: date, tacit: Mapping[str, Sequence[str]]) -> str:
    """The rows of the date's customer 360 with a column `reachable`, to stand behind FROM in DuckDB's dialect.

    Args:
        as_of: The date.
        tacit: By channel, what counts as consent of whoever said nothing.
    """
    silent = ", ".join(f"'{channel}'" for channel in CHANNELS if MAILED in tacit.get(channel, ())) or "NULL"
    token = str(TOKEN in tacit.get("push", ())).lower()
    told = f"""SELECT person_id, bool_or(reached AND (agreed OR token AND NOT closed)) AS reachable FROM (
SELECT person_id, channel,
coalesce(bool_or(coalesce(consent, messages > 0 AND channel IN ({silent}))), false) AS agreed,
bool_and(NOT coalesce(consent, true)) AS closed,
any_value(channel = 'push' AND since IS NOT NULL AND {token}) AS token,
any_value(channel <> 'email' OR email_bounced_on IS NULL)
AND (any_value(since IS NOT NULL) OR coalesce(bool_or(messages > 0), false)) AS reached
FROM (SELECT person_id, email_bounced_on, unnest(['email', 'sms', 'push']) AS channel,
unnest([email_since, phone_since, push_since]) AS since FROM gold.customer_360 WHERE as_of = DATE '{as_of}')
LEFT JOIN gold.consents USING (person_id, channel) GROUP BY ALL) GROUP BY person_id"""
    return f"gold.customer_360 JOIN ({' '.join(told.split())}) USING (person_id) WHERE as_of = DATE '{as_of}'"
