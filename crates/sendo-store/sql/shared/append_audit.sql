INSERT INTO audit_pending (at, entry) VALUES ($1, $2)
