-- $1 tells the deliveries, $2 is all their bodies in a row. One statement for all of them, and
-- nothing for the planner to choose: a conflict is found by the unique index. A duplicate burns a
-- number of the sequence, so numbers grow and may leave gaps.
INSERT INTO deliveries (source, dedup, name, body, sender, received_at, duplicates)
SELECT source, dedup, name, substring(CAST($2 AS BYTEA) FROM start FOR length), sender,
       CAST($3 AS BIGINT), again
  FROM jsonb_to_recordset(CAST($1 AS TEXT)::jsonb)
    AS given (place BIGINT, source TEXT, dedup TEXT, name TEXT, sender TEXT,
              start INTEGER, length INTEGER, again BIGINT)
 ORDER BY place
ON CONFLICT (source, dedup) DO UPDATE SET duplicates = deliveries.duplicates + 1 + EXCLUDED.duplicates
RETURNING seq, source, dedup, duplicates
