-- A claim that wrote no intent did nothing, and is not counted.
UPDATE effects
   SET lease_until = NULL,
       attempts = CASE WHEN intent IS NULL THEN attempts - 1 ELSE attempts END
 WHERE seq = $1 AND fence = $2 AND state = 'ready' AND lease_until > $3
