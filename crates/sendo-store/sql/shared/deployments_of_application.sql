-- $3 environment, or NULL for any; $4 states as `,a,b,`, or NULL for any.
SELECT body FROM deployments
 WHERE application = $2
   AND (CAST($3 AS TEXT) IS NULL OR environment = $3)
   AND (CAST($4 AS TEXT) IS NULL OR CAST($4 AS TEXT) LIKE '%,' || state || ',%')
 ORDER BY created_at DESC, ordinal DESC, id DESC
 LIMIT $1
