SELECT seq, source, name, received_at, duplicates, outcome, reason_code, message
  FROM deliveries
 WHERE outcome = $2
 ORDER BY seq DESC
 LIMIT $1
