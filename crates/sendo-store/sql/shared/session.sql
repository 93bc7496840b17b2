SELECT t.id, t.name, t.principal, t.hash, t.scopes, t.applications, t.created_at, t.expires_at,
       t.last_used_at, t.revoked_at, s.last_seen_at
  FROM sessions AS s JOIN tokens AS t ON t.id = s.token
 WHERE s.hash = $1 AND s.ended_at IS NULL AND s.created_at > $2 AND s.last_seen_at > $3
   AND t.revoked_at IS NULL AND t.expires_at > $4
