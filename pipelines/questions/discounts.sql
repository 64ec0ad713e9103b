-- How much do we give away, and does the share grow?
SELECT date_trunc('month', purchased_on)::DATE AS month, sum(discount) AS discount,
       round(sum(discount) / nullif(sum(net_revenue) + sum(discount), 0), 3) AS share_of_full_price
FROM gold.kpi_daily GROUP BY month ORDER BY month
