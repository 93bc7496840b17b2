-- A subject that is due by its own timer counts as hinted: a timer is a small sweep.
UPDATE subjects
   SET fence = fence + 1,
       lease_until = $2,
       hinted_at = CASE WHEN wake_at <= $1 AND hinted_at < $1 THEN $1 ELSE hinted_at END
 WHERE id = (
     SELECT id FROM subjects
      WHERE (wakes > decided_wakes OR wake_at <= $1)
        AND (lease_until IS NULL OR lease_until <= $1)
      ORDER BY CASE WHEN wakes > decided_wakes THEN woken_at ELSE wake_at END, id
      LIMIT 1
 )
RETURNING id, version, state, wakes, hinted_at, fence
