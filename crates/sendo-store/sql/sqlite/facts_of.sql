-- The facts of some subjects, named in a JSON list.
SELECT subject, key, value, observed_at FROM facts
 WHERE subject IN (SELECT value FROM json_each($1))
 ORDER BY subject, key
