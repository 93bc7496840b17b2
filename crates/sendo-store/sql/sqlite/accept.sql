-- $1 tells the deliveries, $2 is all their bodies in a row.
INSERT INTO deliveries (source, dedup, name, body, sender, received_at, duplicates)
SELECT value ->> 'source', value ->> 'dedup', value ->> 'name',
       coalesce(substr($2, value ->> 'start', value ->> 'length'), x''), value ->> 'sender',
       $3, value ->> 'again'
  FROM json_each($1)
 WHERE true
 ORDER BY value ->> 'place'
ON CONFLICT (source, dedup) DO UPDATE SET duplicates = duplicates + 1 + excluded.duplicates
RETURNING seq, source, dedup, duplicates
