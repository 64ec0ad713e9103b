-- What will most people need again within a week?
WITH day AS (SELECT max(as_of) AS as_of FROM gold.customer_360)
SELECT product_id, count(*) AS people, median(interval_days)::INT AS usual_days
FROM gold.replenishment AS habit JOIN day USING (as_of)
WHERE next_due_on BETWEEN day.as_of + 1 AND day.as_of + 7
GROUP BY product_id ORDER BY people DESC, product_id LIMIT 10
