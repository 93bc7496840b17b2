-- Readers of a file hold nobody up.
SELECT 1 AS held
