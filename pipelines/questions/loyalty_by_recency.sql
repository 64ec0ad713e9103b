-- Who buys often and recently, and who used to? (people by fifth of recency and of frequency)
PIVOT (
  SELECT frequency_score, recency_score FROM gold.customer_360
  WHERE as_of = (SELECT max(as_of) FROM gold.customer_360) AND last_purchase_on IS NOT NULL)
ON recency_score IN (1, 2, 3, 4, 5) USING count(*) GROUP BY frequency_score ORDER BY frequency_score DESC
