SELECT key, deployment, body, state, intent, attempts, outcome, error, not_before, lease_until
  FROM effects
 WHERE subject = $1 AND live = 1
 ORDER BY seq
