"""Landing files of a retailer who does not exist, made by DuckDB: as many records a day as are asked for.

Of web events one in a hundred comes twice, and one in two hundred has no kind and is refused. Who comes often comes
much more often than others, six lines in ten are of thirty goods that the buyer always buys, and a hundredth of the
goods has a fifth of the other lines.
"""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb

FILE_RECORDS = 500_000
_FORMATS = {
    ".jsonl": "FORMAT json, COMPRESSION uncompressed",
    ".jsonl.gz": "FORMAT json, COMPRESSION gzip",
    ".jsonl.zst": "FORMAT json, COMPRESSION zstd",
    ".parquet": "FORMAT parquet",
}
STORES, PRODUCTS = 158, 50_000
LAST, WORLD_DAYS, LINES_A_RECEIPT, LINES_A_PERSON = date(2024, 12, 31), 365, 9.5, 100

_WEB_EVENTS = """
  SELECT 'e' || m AS event_id,
         CASE WHEN m % 200 = 7 THEN NULL WHEN m % 10 < 6 THEN 'page_view' WHEN m % 10 < 9 THEN 'product_view'
              ELSE 'cart' END AS kind,
         strftime(TIMESTAMP '{day}' + INTERVAL (m * 86400 // {every}) SECOND, '%Y-%m-%dT%H:%M:%SZ') AS occurred_at,
         'c' || (hash(m // 8, '{day}') % {people}) AS cookie,
         'https://shop.example/p/' || (hash(m) % {products}) AS url,
         CASE WHEN m % 8 = 0 THEN 'https://www.google.com/' END AS referrer,
         'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/' || (100 + hash(m // 8) % 40) AS user_agent,
         'cat-' || (hash(m) % 300) AS category_id,
         CASE WHEN m % 10 >= 6
              THEN [{{'product_id': 'p' || (hash(m) % {products}), 'quantity': '1', 'price': '9.90'}}] END AS lines
  FROM (SELECT CASE WHEN n % 100 = 99 THEN n - 1 ELSE n END AS m FROM numbers)
"""
# 8:00 to 21:00; 1 to 18 lines; four receipts in five show a card
_RECEIPTS = """
  SELECT CAST(n AS VARCHAR) AS receipt_no, 'S' || (hash(n) % {stores}) AS store_id,
         strftime(TIMESTAMP '{day}' + INTERVAL (28800 + n * 46800 // {every}) SECOND, '%Y-%m-%dT%H:%M:%SZ')
           AS purchased_at,
         CASE WHEN hash(n, 'shown') % 5 < 4 THEN 'C' || who END AS loyalty_card,
         list_transform(range(CAST(1 + hash(n, 'lines') % 18 AS BIGINT)), lambda i: {{
           'product_id': 'p' || CAST(floor({products} * pow(
             (CASE WHEN hash(n, i, 'usual') % 10 < 6 THEN hash(who, hash(n, i) % 30) ELSE hash(n, i, '{day}') END
             % 1000003) / 1000003, 3)) AS BIGINT),
           'quantity': 1, 'net_amount': CAST((50 + hash(n, i) % 1950) / 100 AS DECIMAL(9, 2)) }}) AS lines
  FROM (SELECT n, CAST(floor({people} * pow((hash(n, '{day}') % 1000003) / 1000003, 2)) AS BIGINT) AS who FROM numbers)
"""
# of 100 events 40 are sent, 40 delivered, 16 opened, 4 clicked
_ENGAGEMENT = """
  SELECT 'm' || n AS event_id,
         CASE WHEN n % 100 < 40 THEN 'sent' WHEN n % 100 < 80 THEN 'delivered' WHEN n % 100 < 96 THEN 'opened'
              ELSE 'clicked' END AS kind,
         strftime(TIMESTAMP '{day}' + INTERVAL (n * 86400 // {every}) SECOND, '%Y-%m-%dT%H:%M:%SZ') AS occurred_at,
         'C' || (hash(message, '{day}') % {people}) AS loyalty_card, 'email' AS channel, '1' AS campaign_id,
         'm-{day}-' || message AS message_id,
         CASE WHEN n % 100 >= 96 THEN 'https://shop.example/p/' || (hash(n) % {products}) END AS link
  FROM (SELECT n, n // 100 * 40 + CASE WHEN n % 100 < 80 THEN n % 40 ELSE n % 20 END AS message FROM numbers)
"""
_PRODUCTS = """
  SELECT 'p' || range AS product_id, 'Good ' || range AS title, 'DEPARTMENT ' || range % 20 AS department,
         'CATEGORY ' || range % 300 AS category, 'TYPE ' || range % 3000 AS product_type,
         'Brand ' || hash(range) % 400 AS brand
  FROM range({products})
"""
_STORES = "SELECT 'S' || range AS store_id, 'R' || range % 5 AS region FROM range({stores})"
_RECORDS = {"web_events": _WEB_EVENTS, "receipts": _RECEIPTS, "engagement": _ENGAGEMENT}


def land(
    landing_root: Path,
    source: str,
    day: date,
    records: int,
    *,
    people: int,
    products: int = PRODUCTS,
    instead: str = "",
    file_records: int = FILE_RECORDS,
    ending: str = ".jsonl",
) -> str:
    """Write one day's drop of a source; gives its files as a glob.

    Args:
        landing_root: Where drops lie.
        source: `web_events`, `receipts` or `engagement`.
        day: The day on which all of it happens, and at whose end it arrives.
        records: How many.
        people: Of how many cards or cookies, each as likely as another.
        products: Of how many goods, likewise.
        instead: SQL of columns that are to be otherwise, such as `'S0' AS store_id`; it reads the record's own.
        file_records: Of each file, at most.
        ending: Of the files' names, one of `_FORMATS`.
    """
    folder = landing_root / source / f"arrived={day:%Y%m%d}T235959Z"
    folder.mkdir(parents=True)
    for first in range(0, records, file_records):
        last = min(first + file_records, records)
        rows = _RECORDS[source].format(
            day=day, every=records, people=people, products=products, stores=STORES
        )
        file = folder / f"part-{first:09}{ending}"
        chosen = f"SELECT * REPLACE ({instead}) FROM ({rows})" if instead else rows
        duckdb.sql(
            f"COPY (WITH numbers AS (SELECT range AS n FROM range({first}, {last})) {chosen}) "
            f"TO '{file}' ({_FORMATS[ending]})"
        )
    return f"{folder}/*{ending}"


def reference(landing_root: Path, day: date, products: int = PRODUCTS) -> None:
    """Write the catalogue and the shops, which arrive at the end of a day."""
    for source, rows in (("products", _PRODUCTS), ("stores", _STORES)):
        folder = landing_root / source / f"arrived={day:%Y%m%d}T235959Z"
        folder.mkdir(parents=True)
        said = rows.format(products=products, stores=STORES)
        duckdb.sql(f"COPY ({said}) TO '{folder / 'all.jsonl'}' (FORMAT json)")


def world(place: Path, lines: int, *, web: float = 0.0, mail: float = 0.0) -> Path:
    """A year of receipts up to `LAST`, with its catalogue; made once, since it stays. Gives its landing folder.

    Args:
        place: The world's own folder.
        lines: About so many, over the year, of a hundredth as many people.
        web: Web events, as a share of the lines.
        mail: Mail events, likewise.
    """
    landing, whole = place / "landing", place / "whole"
    if whole.exists():
        return landing
    shutil.rmtree(place, ignore_errors=True)
    reference(landing, LAST - timedelta(WORLD_DAYS))
    records = {"receipts": 1 / LINES_A_RECEIPT, "web_events": web, "engagement": mail}
    for source, share in records.items():
        for back in range(WORLD_DAYS if share else 0):
            a_day = max(1, round(lines * share / WORLD_DAYS))
            land(landing, source, LAST - timedelta(back), a_day, people=max(1, lines // LINES_A_PERSON))
    whole.touch()
    return landing
