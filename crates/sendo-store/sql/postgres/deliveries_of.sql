-- The deliveries whose numbers are in a JSON list.
SELECT seq, source, name, received_at, duplicates, outcome, reason_code, message
  FROM deliveries
 WHERE seq IN (SELECT CAST(jsonb_array_elements_text(CAST($1 AS TEXT)::jsonb) AS BIGINT))
 ORDER BY seq
