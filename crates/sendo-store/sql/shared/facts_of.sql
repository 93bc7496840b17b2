SELECT key, value, observed_at FROM facts WHERE subject = $1 ORDER BY key
