"""Whether the main job's two sides made the same: tables of the lake against the script's database."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable

from pipelines.flow import FLOW, Step

_SOURCES = (
    "silver.person_identifiers", "gold.product_days", "gold.customer_360", "gold.kpi_daily", "gold.recommendations",
    "gold.trigger_candidates",
)  # fmt: skip
_CARDS = """
CREATE TABLE cards AS SELECT identifier_value AS loyalty_card, person_id FROM silver_person_identifiers
WHERE identifier_type = 'loyalty_card' AND valid_to IS NULL AND person_id IS NOT NULL
"""
_OURS = {
    "kpi_daily": """SELECT purchased_on AS day, * EXCLUDE (purchased_on) FROM gold_kpi_daily""",
    "product_days": """SELECT purchased_on AS day, identifier_value AS loyalty_card, product_id, lines, quantity,
                              net_amount AS net
                       FROM gold_product_days WHERE identifier_type = 'loyalty_card'""",
    "customers": """SELECT * FROM gold_customer_360 JOIN cards USING (person_id)
                    WHERE as_of = DATE '{day}' AND receipts + returns > 0""",
    "related": """SELECT loyalty_card, rank, product_id, score FROM gold_recommendations JOIN cards USING (person_id)
                  WHERE as_of = DATE '{day}' AND model = 'related'""",
}
_KEYS = {
    "kpi_daily": ("day",),
    "product_days": ("loyalty_card", "day", "product_id"),
    "customers": ("loyalty_card",),
    "related": ("loyalty_card", "rank"),
}
_EXACT = {
    "kpi_daily": (
        "receipts", "identified_receipts", "repeat_receipts", "people", "net_revenue", "identified_revenue", "discount",
        "new_customers",
    ),
    "product_days": ("lines", "quantity", "net"),
    "customers": (
        "receipts", "returns", "purchase_days", "first_purchase_on", "last_purchase_on", "recency_days", "net_revenue",
        "discount", "recency_score", "frequency_score", "monetary_score",
    ),
}  # fmt: skip
_DIFFERENT = """
SELECT count(*), count(*) FILTER (coalesce({unlike}, true))
FROM (SELECT true AS o, * FROM ({ours})) o FULL JOIN (SELECT true AS t, * FROM theirs.{name}) t USING ({key})
"""
_LISTS = """
SELECT count(*), count(*) FILTER (o.loyalty_card IS NULL OR t.loyalty_card IS NULL)
FROM (SELECT DISTINCT loyalty_card FROM gold_trigger_candidates JOIN cards USING (person_id)
      WHERE as_of = DATE '{day}' AND trigger = 'receipt_mail' AND replaced_by IS NULL
        AND person_id IS NOT NULL) o
FULL JOIN (SELECT loyalty_card FROM read_json('{place}/send_list.jsonl', columns = {{loyalty_card: 'VARCHAR'}})) t
USING (loyalty_card)
"""
_OVERLAP = """
SELECT avg(shared) FROM (
  SELECT count(t.product_id) / 10.0 AS shared
  FROM gold_recommendations r JOIN cards USING (person_id)
  LEFT JOIN theirs.als t ON t.loyalty_card = cards.loyalty_card AND t.product_id = r.product_id AND t.rank <= 10
  WHERE as_of = DATE '{day}' AND model = 'als' AND r.rank <= 10 AND model_version NOT LIKE '% popular'
  GROUP BY r.person_id)
"""


def compared(lake: Path, place: Path, day: date) -> dict[str, Any]:
    """By table its rows and how many of them are not the same, and the mean share of ten ALS goods in common.

    Counts, dates and amounts must be equal; a related good may stand elsewhere only where scores are within 1e-9.
    The list is compared where the lake has `gold.trigger_candidates`: whom the day's receipts name.
    """
    engine = duckdb.connect()
    engine.execute(f"ATTACH '{place / 'main.duckdb'}' AS theirs (READ_ONLY)")
    there = {name: lake / name.replace(".", "/") for name in _SOURCES}
    for name, folder in there.items():
        if (folder / "_delta_log").exists():
            engine.register(name.replace(".", "_"), DeltaTable(folder).to_pyarrow_dataset())
    engine.execute(_CARDS)

    def counted(query: str) -> dict[str, int]:
        rows, different = engine.execute(query.format(day=day, place=place)).fetchall()[0]
        return {"rows": rows, "different": different}

    tables = {name: counted(_statement(name)) for name in _OURS}
    if DeltaTable.is_deltatable(str(there["gold.trigger_candidates"])):
        tables["send_list"] = counted(_LISTS)
    (overlap,) = engine.execute(_OVERLAP.format(day=day)).fetchall()[0]
    return {"tables": tables, "overlap": overlap}


def _statement(name: str) -> str:
    if name == "related":
        unlike = (
            "o.product_id <> t.product_id AND abs(o.score - t.score) > 1e-9 OR o.o IS NULL OR t.t IS NULL"
        )
    else:
        unlike = " OR ".join(f"o.{column} IS DISTINCT FROM t.{column}" for column in _EXACT[name])
    return _DIFFERENT.replace("{unlike}", unlike).replace("{ours}", _OURS[name]).format(
        name=name, key=", ".join(_KEYS[name]), day="{day}"
    )  # fmt: skip


def closure(names: tuple[str, ...]) -> tuple[Step, ...]:
    """The steps that make these tables and all that those read, in the flow's order."""
    needed = set(names)
    for step in reversed(FLOW):
        if step.table.name in needed:
            needed |= {read.table.name for read in step.table.reads}
    return tuple(step for step in FLOW if step.table.name in needed)
