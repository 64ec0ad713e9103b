-- What did we sell each month, and to how many people whom we know?
SELECT date_trunc('month', purchased_on)::DATE AS month, sum(net_revenue) AS revenue, sum(receipts)::BIGINT AS receipts,
       round(sum(identified_receipts) / sum(receipts), 3) AS identified_share
FROM gold.kpi_daily GROUP BY month ORDER BY month
