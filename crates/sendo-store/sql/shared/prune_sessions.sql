DELETE FROM sessions
 WHERE hash IN (SELECT hash FROM sessions WHERE created_at < $1 ORDER BY created_at LIMIT $2)
