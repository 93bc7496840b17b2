INSERT INTO schema_versions (version, name, compatible_from, applied_at) VALUES ($1, $2, $3, $4)
