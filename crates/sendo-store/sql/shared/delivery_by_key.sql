-- The number of the delivery a sender stored under a key of its own.
SELECT seq
  FROM deliveries
 WHERE source = $1 AND dedup = $2
