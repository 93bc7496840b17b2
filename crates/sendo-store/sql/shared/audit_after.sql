SELECT seq, at, entry, hash FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2
