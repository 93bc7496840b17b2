-- For pages: there are a few facts for each lane, so the table is read through.
SELECT subject, key, value, observed_at FROM facts
 WHERE key = $2 AND substr(subject, 1, length($1)) = $1
 ORDER BY subject
