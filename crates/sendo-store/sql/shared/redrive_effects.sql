-- The intent stays, so that what was done is adopted; class E is what a person vouches for.
UPDATE effects
   SET state = 'ready', attempts = 0, not_before = $2, error = NULL, ended_at = NULL,
       lease_until = NULL, intent = CASE WHEN class = 'E' THEN NULL ELSE intent END
 WHERE deployment = $1 AND state IN ('failed', 'unknown') AND (live = 1 OR notice = 1)
