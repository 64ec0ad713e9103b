-- Which shops sell most to people whom we know, in the last four weeks?
SELECT store_id, sum(net_revenue) AS revenue, sum(receipts)::BIGINT AS receipts,
       count(DISTINCT identifier_type || ':' || identifier_value) AS buyers
FROM gold.purchase_days
WHERE purchased_on > (SELECT max(purchased_on) FROM gold.purchase_days) - 28
GROUP BY store_id ORDER BY revenue DESC, store_id LIMIT 10
