-- $4 state, $5 outcome, $6 error, $7 the next attempt, $8 when it ended, $9 attempts that do not count.
-- A notice is never live.
UPDATE effects
   SET state = $4, outcome = $5, error = $6, not_before = $7, ended_at = $8, lease_until = NULL,
       attempts = attempts - $9
 WHERE seq = $1 AND fence = $2 AND state = 'ready' AND lease_until > $3
