"""The questions of `support.person`: one SELECT each, in DuckDB's dialect, of the person `$person`.

The newest rows come first; where there may be many, `$shown` of them.
"""

from __future__ import annotations

MINE = (
    "mine AS (SELECT identifier_type AS t, identifier_value AS v FROM silver.person_identifiers "
    "WHERE valid_to IS NULL AND person_id = $person)"
)
CARDS = (
    "SELECT identifier_value AS card FROM silver.person_identifiers "
    "WHERE valid_to IS NULL AND person_id = $person AND identifier_type = 'loyalty_card' ORDER BY card"
)
PROFILE = (
    "SELECT as_of, lifecycle_stage, favourite_store, last_purchase_on, purchase_days, reachable_channels, "
    "email_withdrawn_on, sms_withdrawn_on, push_withdrawn_on, email_bounced_on, last_rating "
    "FROM gold.customer_360 WHERE person_id = $person ORDER BY as_of DESC LIMIT 1"
)
LEDGER = (
    "SELECT occurred_on, kind, points, balance, available_on, document_id, reason FROM gold.loyalty_ledger "
    "WHERE person_id = $person ORDER BY entry_no DESC"
)
RECEIPTS = (
    f"WITH {MINE}, sold AS (SELECT receipt_id, sum(net_amount) AS amount FROM silver.receipt_lines "
    "JOIN mine ON anchor_type = t AND anchor_value = v GROUP BY receipt_id) "
    "SELECT purchased_at AS happened_at, kind, store_id AS store, receipt_id AS document, amount "
    "FROM silver.receipts JOIN mine ON anchor_type = t AND anchor_value = v JOIN sold USING (receipt_id) "
    "ORDER BY happened_at DESC, document LIMIT $shown"
)
ORDERS = (
    f"WITH {MINE}, theirs AS (SELECT * FROM silver.orders JOIN mine ON anchor_type = t AND anchor_value = v), "
    "sold AS (SELECT order_id, sum(net_amount) AS amount FROM silver.order_lines SEMI JOIN theirs USING (order_id) "
    "GROUP BY order_id) "
    "SELECT ordered_at AS happened_at, 'order ' || status AS kind, store_id AS store, order_id AS document, amount "
    "FROM theirs LEFT JOIN sold USING (order_id) ORDER BY happened_at DESC, document LIMIT $shown"
)
MESSAGES = (
    f"WITH {MINE} SELECT occurred_at AS happened_at, channel, kind, campaign_id AS campaign, block, "
    "product_id AS product "
    "FROM silver.engagement JOIN mine ON anchor_type = t AND anchor_value = v ORDER BY happened_at DESC LIMIT $shown"
)
SEGMENTS = (
    "SELECT segment, entered_on AS since FROM gold.segment_members "
    "WHERE person_id = $person AND left_on IS NULL ORDER BY segment"
)
SENT = (
    "SELECT as_of, campaign, block, title, reason FROM gold.send_list WHERE person_id = $person "
    "ORDER BY as_of DESC, block, slot LIMIT $shown"
)
DECIDED = (
    "SELECT coalesce(decided_on, raised_on) AS day, trigger, outcome, refused_by, channel, send_at, "
    "array_to_string([g.because FOR g IN gates IF NOT coalesce(g.passed, false)], '; ') AS because "
    "FROM gold.send_decisions WHERE person_id = $person ORDER BY day DESC, trigger LIMIT $shown"
)
WHOSE = (
    "SELECT person_id FROM silver.person_identifiers WHERE valid_to IS NULL AND identifier_type = $type "
    "AND identifier_value = $value"
)
FORMS = "SELECT email, phone FROM silver.customers WHERE list_contains($cards, loyalty_card) ORDER BY arrived_at DESC"
SEALED = (
    "SELECT token, kind, key_id, person_key, sealed FROM vault.tokens WHERE list_contains($tokens, token)"
)
TOKEN = "SELECT token FROM vault.digests WHERE digest = $digest"
