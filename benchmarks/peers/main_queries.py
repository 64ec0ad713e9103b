"""The statements of `main_duckdb`, in its order: from landing files to tables, and what the models read of them."""

from __future__ import annotations

RECEIPTS = """
CREATE TABLE receipts AS
SELECT * EXCLUDE (arrived) FROM (
  SELECT concat_ws('/', store_id, coalesce(till_id, '-'), receipt_no, strftime(day, '%Y-%m-%d')) AS receipt_id, *
  FROM (
    SELECT *, CAST(timezone('{zone}', purchased_at) AS DATE) AS day
    FROM (
      SELECT receipt_no, store_id, till_id, coalesce(kind, 'sale') AS kind, loyalty_card, lines,
             TRY_CAST(purchased_at AS TIMESTAMPTZ) AS purchased_at, filename AS arrived
      FROM read_json('{landing}/receipts/*/*', format = 'newline_delimited', ignore_errors = true, filename = true,
        columns = {{
          receipt_no: 'VARCHAR', store_id: 'VARCHAR', till_id: 'VARCHAR', kind: 'VARCHAR', purchased_at: 'VARCHAR',
          loyalty_card: 'VARCHAR', lines: 'STRUCT(product_id VARCHAR, quantity DECIMAL(18, 3),
            net_amount DECIMAL(18, 2), loyalty_discount DECIMAL(18, 2), coupon_discount DECIMAL(18, 2))[]'
        }})
    )
  )
  WHERE receipt_no IS NOT NULL AND store_id IS NOT NULL AND day <= DATE '{day}' AND len(lines) > 0
  QUALIFY row_number() OVER (PARTITION BY receipt_id ORDER BY arrived) = 1
)
"""
LINES = """
CREATE TABLE lines AS
SELECT receipt_id, day, store_id, kind, loyalty_card, line.product_id AS product_id,
       sign * line.quantity AS quantity, sign * line.net_amount AS net,
       sign * (coalesce(line.loyalty_discount, 0) + coalesce(line.coupon_discount, 0)) AS discount
FROM (SELECT *, unnest(lines) AS line, CASE kind WHEN 'return' THEN -1 ELSE 1 END AS sign FROM receipts)
WHERE line.product_id IS NOT NULL AND line.quantity >= 0 AND line.net_amount >= 0
"""
PRODUCTS = """
CREATE TABLE products AS
SELECT product_id, any_value(department) AS department
FROM read_json('{landing}/products/*/*', format = 'newline_delimited',
               columns = {{product_id: 'VARCHAR', department: 'VARCHAR'}}) GROUP BY product_id;
CREATE TABLE offered AS
SELECT product_id FROM products WHERE department IS NULL OR department NOT IN ({never_offered});
"""
PRODUCT_DAYS = """
CREATE TABLE product_days AS
SELECT day, loyalty_card, product_id, count(*) FILTER (kind = 'sale') AS lines, sum(quantity) AS quantity,
       sum(net) AS net
FROM lines WHERE loyalty_card IS NOT NULL GROUP BY ALL
"""
CUSTOMERS = """
CREATE TABLE baskets AS
SELECT receipt_id, day, store_id, kind, loyalty_card, sum(net) AS net, sum(discount) AS discount
FROM lines GROUP BY ALL;
CREATE TABLE customers AS
WITH firsts AS (
  SELECT *, min(day) FILTER (kind = 'sale') OVER (PARTITION BY loyalty_card) AS first_on
  FROM baskets WHERE loyalty_card IS NOT NULL
), totals AS (
  SELECT loyalty_card, count(*) FILTER (kind = 'sale') AS receipts, count(*) FILTER (kind = 'return') AS returns,
         count(DISTINCT day) FILTER (kind = 'sale') AS purchase_days,
         any_value(first_on) AS first_purchase_on, max(day) FILTER (kind = 'sale') AS last_purchase_on,
         count(*) FILTER (kind = 'sale' AND day = first_on) AS first_day_receipts,
         sum(net) AS net_revenue, sum(discount) AS discount
  FROM firsts GROUP BY loyalty_card
), scored AS (
  SELECT loyalty_card,
         5 - 5 * (rank() OVER (ORDER BY last_purchase_on DESC) - 1) // count(*) OVER () AS recency_score,
         5 - 5 * (rank() OVER (ORDER BY receipts DESC) - 1) // count(*) OVER () AS frequency_score,
         5 - 5 * (rank() OVER (ORDER BY net_revenue DESC) - 1) // count(*) OVER () AS monetary_score
  FROM totals WHERE receipts > 0
)
SELECT *, DATE '{day}' - last_purchase_on AS recency_days FROM totals LEFT JOIN scored USING (loyalty_card)
"""
KPI_DAILY = """
CREATE TABLE kpi_daily AS
WITH firsts AS (
  SELECT first_purchase_on AS day, sum(first_day_receipts) AS receipts, count(*) AS new_customers
  FROM customers GROUP BY ALL
)
SELECT day, count(*) FILTER (kind = 'sale') AS receipts,
       count(*) FILTER (kind = 'sale' AND loyalty_card IS NOT NULL) AS identified_receipts,
       count(*) FILTER (kind = 'sale' AND loyalty_card IS NOT NULL) - coalesce(any_value(f.receipts), 0)
         AS repeat_receipts,
       count(DISTINCT loyalty_card) FILTER (kind = 'sale') AS people,
       sum(net) AS net_revenue, coalesce(sum(net) FILTER (loyalty_card IS NOT NULL), 0) AS identified_revenue,
       sum(discount) AS discount, coalesce(any_value(f.new_customers), 0) AS new_customers
FROM baskets LEFT JOIN firsts f USING (day) GROUP BY day
"""
STRENGTHS = """
WITH days AS (
  SELECT DISTINCT loyalty_card, product_id, day FROM product_days SEMI JOIN offered USING (product_id)
  WHERE lines > 0 AND day <= DATE '{until}'
), strengths AS (
  SELECT loyalty_card, product_id, sum(pow(0.5, (DATE '{until}' - day) / {half_life_days})) AS strength
  FROM days GROUP BY ALL
)
SELECT loyalty_card, product_id, strength FROM strengths
QUALIFY count(*) OVER (PARTITION BY product_id) >= {min_item_buyers} ORDER BY loyalty_card, product_id
"""
BOUGHT = """
SELECT DISTINCT loyalty_card, product_id FROM product_days SEMI JOIN offered USING (product_id)
WHERE lines > 0 AND day > DATE '{after}' AND day <= DATE '{until}' ORDER BY loyalty_card, product_id
"""
HELD = """
SELECT receipt_id, product_id, min(day) AS day FROM lines SEMI JOIN offered USING (product_id)
GROUP BY receipt_id, product_id HAVING sum(quantity) > 0 ORDER BY receipt_id, product_id
"""
LAST_DAY = """
WITH bought AS (SELECT loyalty_card, product_id, day FROM product_days WHERE lines > 0)
SELECT DISTINCT loyalty_card, product_id FROM bought
WHERE day > DATE '{since}' QUALIFY day = max(day) OVER (PARTITION BY loyalty_card)
ORDER BY loyalty_card, product_id
"""
LIST = """
COPY (
  WITH newest AS (
    SELECT loyalty_card, receipt_id, store_id, purchased_at FROM receipts
    WHERE day = DATE '{day}' AND kind = 'sale' AND loyalty_card IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY loyalty_card ORDER BY purchased_at DESC, receipt_id) = 1
  ), goods AS (
    SELECT loyalty_card, 'related' AS block, rank, product_id FROM related WHERE rank <= {slots}
    UNION ALL
    SELECT loyalty_card, 'personal', row_number() OVER (PARTITION BY loyalty_card ORDER BY rank), product_id
    FROM als ANTI JOIN (SELECT * FROM related WHERE rank <= {slots}) USING (loyalty_card, product_id)
    QUALIFY row_number() OVER (PARTITION BY loyalty_card ORDER BY rank) <= {slots}
  )
  SELECT newest.*, list({{block: block, slot: rank, product_id: product_id}} ORDER BY block, rank)
           FILTER (block IS NOT NULL) AS items
  FROM newest LEFT JOIN goods USING (loyalty_card) GROUP BY ALL
) TO '{out}/send_list.jsonl' (FORMAT json)
"""
