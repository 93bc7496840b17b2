-- The update goes first so that a duplicate burns no number of the sequence.
WITH again AS (
    UPDATE deliveries SET duplicates = duplicates + 1
     WHERE source = $1 AND dedup = $2
    RETURNING seq, duplicates
), fresh AS (
    INSERT INTO deliveries (source, dedup, name, body, sender, received_at)
    SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BYTEA),
           CAST($5 AS TEXT), CAST($6 AS BIGINT)
     WHERE NOT EXISTS (SELECT 1 FROM again)
    ON CONFLICT (source, dedup) DO UPDATE SET duplicates = deliveries.duplicates + 1
    RETURNING seq, duplicates
)
SELECT seq, duplicates FROM again UNION ALL SELECT seq, duplicates FROM fresh
