UPDATE subjects
   SET state = $5, version = version + 1, decided_wakes = $6, wake_at = $7, woken_at = $4,
       lease_until = NULL
 WHERE id = $1 AND version = $2 AND fence = $3 AND lease_until > $4
