SELECT fence FROM leases
 WHERE name = $1 AND holder = $2 AND fence = $3 AND lease_until > $4
   FOR UPDATE
