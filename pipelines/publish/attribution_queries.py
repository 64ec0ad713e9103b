"""The rows behind each table of the attribution report, as a SELECT over a release that anyone can paste."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from pipelines.calc.attribution import UNATTRIBUTED
from pipelines.gold.purchases import OFFLINE, ONLINE
from pipelines.publish.attribution_collect import GOODS_BY, MESSAGES, PATHS_BY
from pipelines.publish.attribution_sides import PLACEBO_DAYS, ROPO_DAYS

_PERSONS = """persons AS (SELECT identifier_type, identifier_value, person_id FROM silver.person_identifiers
WHERE valid_to IS NULL AND person_id IS NOT NULL)"""
_HUMAN = """events AS (SELECT e.*, coalesce(e.channel, c.channel) AS medium FROM silver.engagement e
LEFT JOIN silver.campaigns c USING (campaign_id) ANTI JOIN silver.machine_events m USING (occurred_on, event_id))"""


def queries(since: date, as_of: date) -> Mapping[str, str]:
    """By the name of a section, one line of SQL in DuckDB's dialect without quotation marks.

    Args:
        since: The first day of the period.
        as_of: Its last day.
    """

    def within(column: str) -> str:
        return f"{column} BETWEEN DATE '{since}' AND DATE '{as_of}'"

    bought, happened, messages = within("purchased_on"), within("occurred_on"), ", ".join(map(repr, MESSAGES))
    found = {
        "channels": f"""SELECT model, channel, purchases, value FROM gold.attribution_channels
WHERE as_of = DATE '{as_of}' ORDER BY ALL""",
        "fitted": f"""SELECT * FROM gold.attribution_channels
WHERE as_of = DATE '{as_of}' AND value_low IS NOT NULL ORDER BY model, channel""",
        "paths": f"""WITH steps AS (SELECT *, lag(channel) OVER (PARTITION BY purchase_id, purchased_on
ORDER BY touch_no) AS before FROM gold.attribution WHERE model = '{PATHS_BY}' AND {bought}), paths AS (SELECT
string_agg(channel, ' > ' ORDER BY touch_no) FILTER (channel IS DISTINCT FROM before) AS path, sum(value) AS value
FROM steps GROUP BY purchase_id, purchased_on) SELECT path, count(*) AS purchases, sum(value) AS value
FROM paths GROUP BY ALL ORDER BY purchases DESC""",
        "triggers": f"""SELECT model, channel, trigger, sum(share) AS purchases, sum(value) AS value
FROM (SELECT * FROM gold.attribution UNION ALL BY NAME SELECT * EXCLUDE (as_of) FROM gold.attribution_chains
WHERE as_of = DATE '{as_of}') WHERE {bought} GROUP BY ALL ORDER BY ALL""",
        "months": f"""SELECT date_trunc('month', purchased_on) AS month, channel, sum(share) AS purchases,
sum(value) AS value FROM gold.attribution WHERE model = 'linear' AND channel <> '{UNATTRIBUTED}' AND {bought}
GROUP BY ALL ORDER BY ALL""",
        "later": f"""SELECT later.channel, later.side, count(*) AS purchases, sum(mail.value) AS value
FROM gold.attribution mail JOIN gold.attribution later USING (purchase_id, purchased_on)
WHERE mail.model = 'post_click' AND mail.touch_no > 0 AND later.model = 'last_click' AND {bought}
GROUP BY ALL ORDER BY purchases DESC""",
        "shops": f"""WITH each AS (SELECT side, sum(value) AS value, bool_or(channel IN ({messages})) AS seen
FROM gold.attribution WHERE model = 'linear' AND {bought} GROUP BY purchase_id, purchased_on, side)
SELECT seen, count(*) AS purchases, sum(value) AS value FROM each WHERE side <> '{ONLINE}' GROUP BY ALL""",
        "ropo": _ropo(since, as_of),
        "sides": f"""SELECT side, count(*) AS purchases, sum(net_revenue) AS value FROM gold.purchases
WHERE kind = 'sale' AND {bought} GROUP BY ALL ORDER BY ALL""",
        "goods": f"""WITH own AS (SELECT DISTINCT purchase_id FROM gold.attribution WHERE model = '{GOODS_BY[-1]}'
AND {bought}), documents AS (SELECT purchase_id AS document, CASE WHEN purchase_id IN (FROM own) THEN purchase_id
ELSE returns_purchase END AS purchase_id FROM gold.purchases), lines AS (SELECT receipt_id AS document, product_id,
net_amount FROM silver.receipt_lines UNION ALL SELECT order_id, product_id, net_amount FROM silver.order_lines)
SELECT category, sum(net_amount) AS net_revenue FROM lines JOIN documents USING (document) JOIN own USING (purchase_id)
LEFT JOIN silver.products USING (product_id) GROUP BY ALL ORDER BY net_revenue DESC""",
        "regions": f"""SELECT region, channel, sum(value) AS value FROM gold.attribution
LEFT JOIN silver.stores USING (store_id) WHERE model = 'linear' AND {bought} GROUP BY ALL ORDER BY ALL""",
        "messages": f"""WITH {_HUMAN} SELECT medium AS channel, CASE WHEN contains(campaign_id, '/')
THEN split_part(campaign_id, '/', 1) WHEN campaign_id IS NOT NULL THEN 'campaign' ELSE 'receipt_mail' END AS sent_by,
kind, count(DISTINCT coalesce(message_id, event_id)) AS messages FROM events
WHERE kind IN ('sent', 'delivered', 'clicked') AND {happened} GROUP BY ALL ORDER BY ALL""",
        "blocks": f"""WITH {_HUMAN} SELECT block, count(*) AS clicks FROM events
WHERE kind = 'clicked' AND {happened} GROUP BY ALL ORDER BY clicks DESC""",
        "categories": f"""WITH {_HUMAN} SELECT category, count(*) AS clicks FROM events
LEFT JOIN silver.products USING (product_id) WHERE kind = 'clicked' AND {happened} GROUP BY ALL ORDER BY clicks DESC""",
        "touches": f"""WITH each AS (SELECT year(purchased_on) AS year, count(*) AS touches FROM gold.attribution
WHERE model = 'linear' AND touch_no > 0 AND {bought} GROUP BY purchase_id, purchased_on)
SELECT year, count(*) AS purchases, avg(touches) AS each FROM each GROUP BY ALL ORDER BY ALL""",
    }
    return {name: " ".join(query.split()) for name, query in found.items()}


def _ropo(since: date, as_of: date) -> str:
    first = since + timedelta(PLACEBO_DAYS + max(ROPO_DAYS))
    shifted = f"purchased_at - INTERVAL {PLACEBO_DAYS} DAY"
    windows = ", ".join(f"({days})" for days in ROPO_DAYS)
    return f"""WITH {_PERSONS}, bought AS (SELECT person_id, purchase_id, purchased_at, net_revenue FROM gold.purchases
JOIN persons USING (identifier_type, identifier_value) WHERE kind = 'sale' AND side = '{OFFLINE}'
AND purchased_on BETWEEN DATE '{first}' AND DATE '{as_of}'), visits AS (SELECT person_id, touched_at
FROM gold.touchpoints JOIN persons USING (identifier_type, identifier_value) WHERE kind = 'session' AND NOT is_machine
AND touched_on BETWEEN DATE '{since}' AND DATE '{as_of}'), waits AS (SELECT any_value(net_revenue) AS value,
min(purchased_at - touched_at) FILTER (touched_at <= purchased_at) AS wait, min({shifted} - touched_at)
FILTER (touched_at <= {shifted}) AS shifted FROM bought LEFT JOIN visits USING (person_id) GROUP BY purchase_id)
SELECT days, sum(value) AS identified, sum(value) FILTER (wait <= to_days(days)) AS researched,
sum(value) FILTER (shifted <= to_days(days)) AS placebo FROM waits, (VALUES {windows}) windows(days)
GROUP BY days ORDER BY days"""
