-- Held in common with servers and other readers, and against whoever wants to work alone.
SELECT CAST(CASE WHEN pg_try_advisory_lock_shared(
           hashtextextended('sendo ' || coalesce(current_schema(), ''), 0))
       THEN 1 ELSE 0 END AS BIGINT) AS held
