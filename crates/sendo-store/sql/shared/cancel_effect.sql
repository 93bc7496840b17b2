UPDATE effects
   SET state = 'cancelled', live = 0, ended_at = $3, lease_until = NULL
 WHERE subject = $1 AND key = $2 AND live = 1 AND intent IS NULL AND state <> 'done'
