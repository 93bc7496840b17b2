DELETE FROM effects
 WHERE seq = $1 AND fence = $2 AND state = 'ready' AND lease_until > $3
