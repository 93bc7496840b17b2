SELECT DISTINCT subject FROM effects
 WHERE deployment = $1 AND state IN ('failed', 'unknown') AND live = 1
 ORDER BY subject
