-- The facts of some subjects, named in a JSON list.
SELECT subject, key, value, observed_at FROM facts
 WHERE subject IN (SELECT jsonb_array_elements_text(CAST($1 AS TEXT)::jsonb))
 ORDER BY subject, key
