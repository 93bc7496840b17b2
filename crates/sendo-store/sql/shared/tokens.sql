SELECT id, name, principal, hash, scopes, applications, created_at, expires_at, last_used_at, revoked_at
  FROM tokens
 ORDER BY created_at, id
