-- How much of our revenue do the best customers bring?
WITH people AS (
  SELECT net_revenue, ntile(10) OVER (ORDER BY net_revenue DESC, person_id) AS tenth FROM gold.customer_360
  WHERE as_of = (SELECT max(as_of) FROM gold.customer_360) AND last_purchase_on IS NOT NULL)
SELECT tenth, count(*) AS people, sum(net_revenue) AS revenue,
       round(sum(net_revenue) / sum(sum(net_revenue)) OVER (), 3) AS share
FROM people GROUP BY tenth ORDER BY tenth
