CREATE TABLE IF NOT EXISTS schema_versions (
    version BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    compatible_from BIGINT NOT NULL,
    applied_at BIGINT NOT NULL
)
