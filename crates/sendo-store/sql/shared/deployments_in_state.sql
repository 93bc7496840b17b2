-- $3 environment, or NULL for any.
SELECT body FROM deployments
 WHERE state = $2 AND (CAST($3 AS TEXT) IS NULL OR environment = $3)
 ORDER BY created_at DESC, ordinal DESC, id DESC
 LIMIT $1
