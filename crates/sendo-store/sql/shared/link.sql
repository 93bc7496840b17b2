SELECT t.id, t.name, t.principal, t.hash, t.scopes, t.applications, t.created_at, t.expires_at,
       t.last_used_at, t.revoked_at
  FROM sign_in_links AS l JOIN tokens AS t ON t.id = l.token
 WHERE l.hash = $1 AND l.created_at > $2 AND t.revoked_at IS NULL AND t.expires_at > $3
