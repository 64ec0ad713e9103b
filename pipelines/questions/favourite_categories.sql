-- Which categories are the first interest of most people?
SELECT value AS category, count(*) AS people, round(avg(affinity), 3) AS mean_affinity
FROM gold.interest_profiles WHERE kind = 'category' AND rank = 1
GROUP BY value ORDER BY people DESC, category LIMIT 10
