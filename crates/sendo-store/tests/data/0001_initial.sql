-- One row of every kind, as the first schema held them. Never changed; a later migration adds its own file.
INSERT INTO meta (key, value) VALUES ('installation', 'sample');
INSERT INTO deliveries (seq, source, dedup, name, sender, received_at, outcome, reason_code, message, settled_at)
VALUES (1, 'forge:acme', 'a', 'push', NULL, 1, 'ignored', 'unknown_repository', 'in no rule', 2);
INSERT INTO deliveries (seq, source, dedup, name, sender, received_at) VALUES (2, 'api', 'b', 'deploy', 'local:alice', 3);
INSERT INTO events (id, delivery, name, body, at) VALUES ('000000000001/0', 1, 'CheckReported', '{"event":"CheckReported","repository":"acme:acme/example1","revision":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}', 2);
INSERT INTO subjects (id, version, state, wakes, decided_wakes, hinted_at, woken_at)
VALUES ('lane:example1/test', 1, '{"v":1}', 2, 1, 3, 3);
INSERT INTO facts (subject, key, value, observed_at) VALUES ('lane:example1/test', 'source', '{"found":[]}', 3);
INSERT INTO effects (subject, key, kind, class, notice, live, deployment, state, not_before, planned_at, body)
VALUES ('lane:example1/test', 'observe', 'observe_change', 'O', 0, 1, 'example1/test/1', 'ready', 3, 3, '{"kind":"observe_change","fact":"change/1","repository":"acme:acme/manifests","number":1,"edits":[]}');
INSERT INTO leases (name, holder, fence, lease_until) VALUES ('audit-sealer', 'a', 1, 1);
INSERT INTO audit (seq, at, entry, hash) VALUES (1, 5, '{"action":"token.created","actor":"local:alice","cause":"cli","detail":{"token":"t1"},"subject":null}', '21da913e24748fa202a3e90293a17e3829040e2746f8cc30574c1033e4991afb');
UPDATE audit_head SET seq = 1, hash = '21da913e24748fa202a3e90293a17e3829040e2746f8cc30574c1033e4991afb';
INSERT INTO audit_pending (at, entry) VALUES (6, '{"action":"token.created","actor":"local:alice","cause":"cli","detail":{"token":"t1"},"subject":null}');
INSERT INTO lanes (lane) VALUES ('example1/test');
INSERT INTO deployments (id, lane, ordinal, application, environment, state, moving, created_at, body)
VALUES ('example1/test/1', 'example1/test', 1, 'example1', 'test', 'running', 1, 1, '{"id":"example1/test/1","lane":{"application":"example1","environment":"test"},"strategy":"promotion","revision":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","reference":"refs/heads/develop","version":"v1","state":"running","waiting":null,"created_at":1,"finished_at":null,"requested_by":"local:alice","superseded_by":null,"change":{"number":1,"url":"http://localhost/1"},"included":[],"error":null}');
INSERT INTO notices (id, deployment, at, body) VALUES ('example1/test/1#1', 'example1/test/1', 1, '{"id":"example1/test/1#1","deployment":"example1/test/1","lane":{"application":"example1","environment":"test"},"revision":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","at":1,"turn":{"turn":"merged","number":1,"revision":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","by":null}}');
INSERT INTO tokens (id, name, principal, hash, scopes, applications, created_at, expires_at)
VALUES ('t1', 'CI', 'token:t1', 'hash', '["deploy"]', '[]', 1, 2);
