INSERT INTO audit (seq, at, entry, hash) VALUES ($1, $2, $3, $4)
