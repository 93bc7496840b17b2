UPDATE deliveries
   SET outcome = $4, reason_code = $5, message = $6, settled_at = $3, lease_until = NULL
 WHERE seq = $1 AND fence = $2 AND outcome IS NULL AND lease_until > $3
