UPDATE deliveries
   SET attempts = attempts + 1, fence = fence + 1, lease_until = $2
 WHERE seq = (
     SELECT seq FROM deliveries
      WHERE outcome IS NULL AND (lease_until IS NULL OR lease_until <= $1)
      ORDER BY seq
      LIMIT 1
      FOR UPDATE SKIP LOCKED
 )
RETURNING seq, source, name, body, sender, received_at, attempts, fence
