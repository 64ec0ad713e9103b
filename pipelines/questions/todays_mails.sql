-- What goes out today: how many mails, with which blocks, chosen by what?
SELECT block, model_version AS chosen_by, count(DISTINCT person_id) AS mails, count(*) AS goods
FROM gold.send_list WHERE as_of = (SELECT max(as_of) FROM gold.send_list)
GROUP BY block, chosen_by ORDER BY block, chosen_by
