UPDATE effects SET lease_until = $4
 WHERE seq = $1 AND fence = $2 AND state = 'ready' AND lease_until > $3
