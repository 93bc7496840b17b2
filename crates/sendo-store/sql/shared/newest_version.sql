SELECT version, compatible_from FROM schema_versions ORDER BY version DESC LIMIT 1
