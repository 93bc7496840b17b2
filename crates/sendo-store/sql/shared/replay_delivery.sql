UPDATE deliveries
   SET outcome = NULL, reason_code = NULL, message = NULL, settled_at = NULL, attempts = 0
 WHERE seq = $1 AND outcome = 'quarantined' AND body IS NOT NULL
