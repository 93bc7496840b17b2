CREATE TABLE IF NOT EXISTS schema_versions (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    compatible_from INTEGER NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT
