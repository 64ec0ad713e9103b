-- What share of the known receipts comes from people who had bought before?
SELECT date_trunc('month', purchased_on)::DATE AS month, sum(identified_receipts)::BIGINT AS identified_receipts,
       sum(repeat_receipts)::BIGINT AS repeat_receipts,
       round(sum(repeat_receipts) / nullif(sum(identified_receipts), 0), 3) AS repeat_share
FROM gold.kpi_daily GROUP BY month ORDER BY month
