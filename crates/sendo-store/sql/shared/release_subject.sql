UPDATE subjects SET lease_until = NULL WHERE id = $1 AND fence = $2
