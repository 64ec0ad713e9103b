"""The RFM part of `gold.customer_360`, and `gold.interest_profiles`, by DuckDB from the same Delta files.

Both are built in memory with the settings of the lake's own commands, and then held against the tables of the lake:
how many rows are missing, more, or different. Affinities may differ by 1e-9, since both engines take powers of two in
floating point; everything else is compared exactly.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable
from pyspark.sql.pandas.types import to_arrow_schema

from pipelines.calc.interests import LEVELS, PRICE_BAND, AttributeRule
from pipelines.flow import step_of
from pipelines.gold.interest_profiles import COUNTS
from pipelines.settings import InterestSettings, load

MEMORY = "8GB"
SOURCES = (
    "silver.receipts",
    "silver.receipt_lines",
    "silver.orders",
    "silver.order_lines",
    "silver.person_identifiers",
    "silver.products",
    "gold.interest_days",
    "gold.catalogue_terms",
    "gold.customer_360",
    "gold.interest_profiles",
)
WHOSE = """CREATE TABLE whose AS SELECT identifier_type, identifier_value, person_id
FROM silver_person_identifiers WHERE valid_to IS NULL AND person_id IS NOT NULL"""
RFM = """
CREATE TABLE rfm AS
WITH paid AS (
  SELECT any_value(r.anchor_type) AS identifier_type, any_value(r.anchor_value) AS identifier_value, purchased_on,
         any_value(r.kind) AS kind, sum(l.net_amount) AS net
  FROM silver_receipts r JOIN silver_receipt_lines l USING (purchased_on, receipt_id)
  WHERE purchased_on <= DATE '{day}' GROUP BY purchased_on, receipt_id
  UNION ALL
  SELECT any_value(o.anchor_type), any_value(o.anchor_value), ordered_on, 'sale', coalesce(sum(l.net_amount), 0)
  FROM silver_orders o LEFT JOIN silver_order_lines l USING (ordered_on, order_id)
  WHERE ordered_on <= DATE '{day}' AND NOT o.is_cancelled AND o.receipt_id IS NULL
    AND NOT (coalesce(o.fulfilment, '') = 'picked_up' AND o.status IN ('placed', 'ready'))
  GROUP BY ordered_on, order_id
), people AS (
  SELECT person_id, count(*) FILTER (kind = 'sale') AS purchases, sum(net) AS net_revenue,
         max(purchased_on) FILTER (kind = 'sale') AS last_purchase_on
  FROM paid JOIN whose USING (identifier_type, identifier_value) GROUP BY 1 HAVING purchases > 0
)
SELECT person_id, purchases, net_revenue, DATE '{day}' - last_purchase_on AS recency_days,
       5 - floor(5 * (rank() OVER (ORDER BY last_purchase_on DESC) - 1) / count(*) OVER ()) AS recency_score,
       5 - floor(5 * (rank() OVER (ORDER BY purchases DESC) - 1) / count(*) OVER ()) AS frequency_score,
       5 - floor(5 * (rank() OVER (ORDER BY net_revenue DESC) - 1) / count(*) OVER ()) AS monetary_score
FROM people
"""
INTERESTS = """
CREATE TABLE interests AS
WITH acts AS (
  SELECT w.person_id, d.* EXCLUDE (subject)
  FROM gold_interest_days d JOIN whose w USING (identifier_type, identifier_value)
  WHERE occurred_on <= DATE '{day}'
), daily AS (
  SELECT person_id, about, subject, action, occurred_on,
         sum(times) AS times, sum(net_amount) AS net_amount, max(price) AS price
  FROM (SELECT *, 'good' AS about, product_id AS subject FROM acts UNION ALL
        SELECT *, 'words', term FROM acts)
  WHERE subject IS NOT NULL GROUP BY ALL
), aged AS (
  SELECT *, max(occurred_on) FILTER (times > 0) OVER (PARTITION BY person_id) - occurred_on AS age FROM daily
), totals AS (
  SELECT person_id, about, subject, {counts},
         sum(CASE {weights} END) FILTER (times > 0) AS weight, sum(net_amount) AS net_amount, max(price) AS price,
         min(occurred_on) FILTER (times > 0) AS first_on, max(occurred_on) FILTER (times > 0) AS last_on,
         max(occurred_on) FILTER (times > 0 AND action = 'purchase') AS last_purchase_on
  FROM aged GROUP BY ALL HAVING weight IS NOT NULL
), places AS (
  SELECT 'good' AS about, product_id AS subject, unnest([{places}], recursive := true) FROM silver_products
  UNION ALL SELECT 'words', term, kind, value FROM gold_catalogue_terms
), profiles AS (
  SELECT person_id, kind, coalesce(value, CASE {bands} END) AS found, {sums}, sum(weight) AS weight,
         sum(net_amount) AS net_amount, min(first_on) AS first_on, max(last_on) AS last_on,
         max(last_purchase_on) AS last_purchase_on, max(purchases) AS bought,
         max(views + searches + mail_clicks) AS looked
  FROM totals JOIN places USING (about, subject) WHERE found IS NOT NULL GROUP BY ALL
)
SELECT * EXCLUDE (found, bought, looked, weight), found AS value,
       weight / sum(weight) OVER (PARTITION BY person_id, kind) AS affinity,
       row_number() OVER (PARTITION BY person_id, kind ORDER BY weight DESC, purchases DESC, found) AS rank,
       CASE WHEN bought >= {replenishing} THEN 'replenishing' WHEN bought > 0 THEN 'bought'
            WHEN carts > 0 THEN 'in_cart' WHEN looked >= {considered} THEN 'considered' ELSE 'seen' END AS stage
FROM profiles
"""
DIFFERENT = """
SELECT count(*) FROM (SELECT {columns} FROM {ours} WHERE {which}) t FULL JOIN {theirs} d USING ({key})
WHERE t.{first} IS NULL OR d.{first} IS NULL OR {compared}
"""


def query_of(settings: InterestSettings, day: str) -> str:
    """The statement that builds the interests, with the settings' weights, bands, attributes and stages."""
    weights = (
        f"WHEN action = '{a.action}' THEN ceil(pow(2.0, -age / {a.half_life_days}.0) * {a.weight * 1e12})::BIGINT"
        for a in settings.actions
    )
    bounds = settings.price_bands
    bands = [f"WHEN kind <> '{PRICE_BAND}' OR price IS NULL THEN NULL"]
    bands += [f"WHEN price < {high} THEN '{low:g}-{high:g}'" for low, high in pairwise((0, *bounds))]
    bands.append(f"ELSE '{bounds[-1]:g}+'")
    return INTERESTS.format(
        day=day,
        counts=", ".join(
            f"count(*) FILTER (times > 0 AND action = '{a}') AS {name}" for a, name in COUNTS.items()
        ),
        weights=" ".join(weights),
        places=", ".join(f"{{kind: '{kind}', value: {of}}}" for kind, of in _places(settings).items()),
        bands=" ".join(bands),
        sums=", ".join(f"sum({name}) AS {name}" for name in COUNTS.values()),
        replenishing=settings.replenishing_days,
        considered=settings.considered_days,
    )


def _places(settings: InterestSettings) -> dict[str, str]:
    """By kind of interest, the SQL of its value of a good."""
    found: dict[str, list[str]] = {}
    for rule in settings.attributes:
        found.setdefault(rule.attribute, []).append(_rule(rule))
    attributes = {name: f"CASE {' '.join(cases)} END" for name, cases in found.items()}
    return {**{level: level for level in LEVELS}, **attributes, PRICE_BAND: "NULL::VARCHAR"}


def _rule(rule: AttributeRule) -> str:
    pattern = rule.pattern.replace("'", "''")
    value = f"lower(regexp_extract({rule.column}, '{pattern}', 1, 'i'))"
    value = value if rule.value is None else "'" + rule.value.replace("'", "''") + "'"
    return f"WHEN regexp_matches({rule.column}, '{pattern}', 'i') THEN {value}"


def different(engine: duckdb.DuckDBPyConnection, day: str) -> dict[str, int]:
    """Of both tables, how many rows of the lake's and of DuckDB's are not the same."""
    rfm = ("purchases", "net_revenue", "recency_days", "recency_score", "frequency_score", "monetary_score")
    exact = ("rank", "stage", *COUNTS.values(), "net_amount", "first_on", "last_on", "last_purchase_on")
    same = "abs(t.affinity - d.affinity) > 1e-9"
    asked: Mapping[str, Mapping[str, Any]] = {
        "customer_360_rfm": {
            "columns": "person_id, receipts + orders AS " + ", ".join(rfm),
            "ours": "gold_customer_360",
            "which": f"as_of = DATE '{day}' AND receipts + orders > 0",
            "theirs": "rfm",
            "key": "person_id",
            "first": "purchases",
            "compared": _unlike(rfm),
        },
        "interest_profiles": {
            "columns": "*",
            "ours": "gold_interest_profiles",
            "which": "true",
            "theirs": "interests",
            "key": "person_id, kind, value",
            "first": "affinity",
            "compared": f"{same} OR {_unlike(exact)}",
        },
    }
    counts = {}
    for name, parts in asked.items():
        found = engine.execute(DIFFERENT.format(**parts)).fetchone()
        counts[name] = int(found[0]) if found else 0
    return counts


def _unlike(columns: tuple[str, ...]) -> str:
    return " OR ".join(f"t.{column} IS DISTINCT FROM d.{column}" for column in columns)


def main(lake: str, day: str) -> None:
    """Build both in memory; tells the seconds of each, how many rows it has, and how many differ from the lake's."""
    engine = duckdb.connect(config={"memory_limit": MEMORY})
    for name in SOURCES:
        layer, short = name.split(".")
        folder, step = Path(lake) / layer / short, step_of(name)
        if step is None:
            raise SystemExit(f"bench: {name} is not in the flow")
        rows = DeltaTable(folder).to_pyarrow_dataset() if folder.exists() else None
        engine.register(
            f"{layer}_{short}", rows or to_arrow_schema(step.table.schema, timezone="UTC").empty_table()
        )
    engine.execute(WHOSE)
    interests = query_of(load(Path("conf/local.yaml")).interests, str(date.fromisoformat(day)))
    for name, query in (
        ("customer_360_rfm", RFM.format(day=date.fromisoformat(day))),
        ("interest_profiles", interests),
    ):
        started = time.monotonic()
        engine.execute(query)
        print(f"gold.{name} {time.monotonic() - started:.1f}", flush=True)
    for name in ("rfm", "interests"):
        found = engine.execute(f"SELECT count(*) FROM {name}").fetchone()
        print(f"{name}: {found[0] if found else 0} rows")
    for name, count in different(engine, day).items():
        print(f"different gold.{name} {count}")


if __name__ == "__main__":
    main(*sys.argv[1:])
