INSERT INTO deliveries (source, dedup, name, body, sender, received_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (source, dedup) DO UPDATE SET duplicates = duplicates + 1
RETURNING seq, duplicates
