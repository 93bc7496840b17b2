SELECT id, at, entry FROM audit_pending ORDER BY id LIMIT $1
