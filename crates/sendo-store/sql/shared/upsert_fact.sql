INSERT INTO facts (subject, key, value, observed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (subject, key) DO UPDATE SET
    value = excluded.value, observed_at = excluded.observed_at
 WHERE excluded.observed_at >= facts.observed_at
