-- $2 environment, or NULL for any.
SELECT body FROM deployments
 WHERE CAST($2 AS TEXT) IS NULL OR environment = $2
 ORDER BY created_at DESC, ordinal DESC, id DESC
 LIMIT $1
