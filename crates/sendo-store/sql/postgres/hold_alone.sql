-- Every connection of a server holds this lock in common: whoever has it alone works alone.
SELECT CAST(CASE WHEN pg_try_advisory_lock(
           hashtextextended('sendo ' || coalesce(current_schema(), ''), 0))
       THEN 1 ELSE 0 END AS BIGINT) AS held
