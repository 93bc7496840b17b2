INSERT INTO sessions (hash, token, created_at, last_seen_at) VALUES ($1, $2, $3, $4)
