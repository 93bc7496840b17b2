SELECT outcome, CAST(CASE WHEN body IS NULL THEN 1 ELSE 0 END AS BIGINT) AS bodiless
  FROM deliveries
 WHERE seq = $1
