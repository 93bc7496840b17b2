-- The fence leaps, so that no claim of the time that is lost fits a later one.
UPDATE subjects SET fence = fence + $1, lease_until = NULL
