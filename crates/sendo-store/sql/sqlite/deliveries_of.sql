-- The deliveries whose numbers are in a JSON list.
SELECT seq, source, name, received_at, duplicates, outcome, reason_code, message
  FROM deliveries
 WHERE seq IN (SELECT value FROM json_each($1))
 ORDER BY seq
