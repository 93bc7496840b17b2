-- Notices come last, so that a slow chat never keeps a lane waiting.
UPDATE effects
   SET attempts = attempts + 1, fence = fence + 1, lease_until = $2
 WHERE seq = (
     SELECT seq FROM effects
      WHERE state = 'ready' AND not_before <= $1 AND (lease_until IS NULL OR lease_until <= $1)
      ORDER BY notice, seq
      LIMIT 1
      FOR UPDATE SKIP LOCKED
 )
RETURNING seq, subject, key, class, body, deployment, intent, attempts, error, fence, planned_at
