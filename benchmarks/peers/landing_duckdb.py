"""JSON Lines of web events to typed, deduplicated Parquet, by DuckDB: the same parse, types and winner rule."""

from __future__ import annotations

import sys

import duckdb

MEMORY = "8GB"

FACTS = """
COPY (
  SELECT event_id, CAST(occurred_at AS DATE) AS occurred_on, kind, occurred_at, cookie, url, referrer, user_agent,
         category_id, lines
  FROM (
    SELECT TRY_CAST(occurred_at AS TIMESTAMP) AS occurred_at, * EXCLUDE (occurred_at)
    FROM read_json('{landing}', format = 'newline_delimited', ignore_errors = true, columns = {{
      event_id: 'VARCHAR', kind: 'VARCHAR', occurred_at: 'VARCHAR', cookie: 'VARCHAR', url: 'VARCHAR',
      referrer: 'VARCHAR', user_agent: 'VARCHAR', category_id: 'VARCHAR',
      lines: 'STRUCT(product_id VARCHAR, quantity DECIMAL(18, 3), price DECIMAL(18, 2))[]'
    }})
  )
  WHERE event_id IS NOT NULL AND kind IS NOT NULL AND occurred_at IS NOT NULL
  QUALIFY row_number() OVER (PARTITION BY CAST(occurred_at AS DATE), event_id ORDER BY hash(kind, cookie, url)) = 1
) TO '{target}' (FORMAT parquet)
"""


def main(landing: str, target: str) -> None:
    """Read every file of a glob and write one Parquet file; the number of rows goes to the terminal."""
    lake = duckdb.connect(config={"memory_limit": MEMORY})
    rows = lake.execute(FACTS.format(landing=landing, target=target)).fetchone()
    print(rows[0] if rows else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
