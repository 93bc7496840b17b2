UPDATE sessions SET last_seen_at = $2 WHERE hash = $1 AND last_seen_at < $2
