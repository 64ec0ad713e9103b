-- Which good customers have not come for long? (among the best two fifths by receipts, the longest absent)
SELECT person_id, last_purchase_on, recency_days, receipts, net_revenue, favourite_store
FROM gold.customer_360
WHERE as_of = (SELECT max(as_of) FROM gold.customer_360) AND frequency_score >= 4 AND recency_score <= 2
ORDER BY net_revenue DESC, person_id LIMIT 10
