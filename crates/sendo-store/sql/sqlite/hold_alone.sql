-- A file is held by its lock file.
SELECT 1 AS held
