INSERT INTO tokens (id, name, principal, hash, scopes, applications, created_at, expires_at)
VALUES ('t2', 'Aoi', 'local:aoi', 'hash-2', '["read"]', '[]', 1, 9000000000000000000);
INSERT INTO sessions (hash, token, created_at, last_seen_at) VALUES ('session-2', 't2', 1, 1);
INSERT INTO sign_in_links (hash, token, created_at) VALUES ('link-2', 't2', 1);
