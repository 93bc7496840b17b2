-- STRICT: a column holds what it says, as on PostgreSQL.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- What came in. The body goes after the retention time, the row stays.
CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    dedup TEXT NOT NULL,
    name TEXT NOT NULL,
    sender TEXT,
    received_at INTEGER NOT NULL,
    duplicates INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    outcome TEXT,
    reason_code TEXT,
    message TEXT,
    settled_at INTEGER,
    body BLOB,
    UNIQUE (source, dedup)
) STRICT;
CREATE INDEX deliveries_waiting ON deliveries (seq) WHERE outcome IS NULL;
CREATE INDEX deliveries_outcome ON deliveries (outcome, seq);
CREATE INDEX deliveries_bodies ON deliveries (settled_at)
 WHERE outcome IS NOT NULL AND body IS NOT NULL;
CREATE INDEX deliveries_received ON deliveries (received_at);

CREATE TABLE events (
    id TEXT PRIMARY KEY,
    delivery INTEGER NOT NULL REFERENCES deliveries (seq),
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX events_delivery ON events (delivery);

-- What the loop decides about. It is awake while wakes > decided_wakes or wake_at has come.
CREATE TABLE subjects (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'null',
    wakes INTEGER NOT NULL DEFAULT 0,
    decided_wakes INTEGER NOT NULL DEFAULT 0,
    hinted_at INTEGER NOT NULL DEFAULT 0,
    woken_at INTEGER NOT NULL DEFAULT 0,
    wake_at INTEGER,
    fence INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER
) STRICT;
CREATE INDEX subjects_awake ON subjects (woken_at, id) WHERE wakes > decided_wakes;
CREATE INDEX subjects_due ON subjects (wake_at, id) WHERE wake_at IS NOT NULL;
CREATE INDEX subjects_woken ON subjects (woken_at);

CREATE TABLE facts (
    subject TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    observed_at INTEGER NOT NULL,
    PRIMARY KEY (subject, key)
) STRICT;

-- What shall be done outside. Live effects are part of their subject's world; notices never are.
CREATE TABLE effects (
    -- Never used twice: a stale claim on a deleted row must not fit a later one.
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    subject TEXT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    class TEXT NOT NULL,
    notice INTEGER NOT NULL,
    live INTEGER NOT NULL,
    deployment TEXT,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    not_before INTEGER NOT NULL,
    planned_at INTEGER NOT NULL,
    ended_at INTEGER,
    body TEXT NOT NULL,
    intent TEXT,
    outcome TEXT,
    error TEXT,
    UNIQUE (subject, key)
) STRICT;
CREATE INDEX effects_ready ON effects (notice, seq) WHERE state = 'ready';
CREATE INDEX effects_live ON effects (subject, seq) WHERE live = 1;
CREATE INDEX effects_deployment ON effects (deployment) WHERE deployment IS NOT NULL;
CREATE INDEX effects_ended ON effects (ended_at) WHERE live = 0;

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    fence INTEGER NOT NULL,
    lease_until INTEGER NOT NULL
) STRICT;

-- The audit trail: written unsealed with what it describes, then moved into the chain.
CREATE TABLE audit_pending (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    entry TEXT NOT NULL
) STRICT;
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    entry TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE TABLE audit_head (
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL
) STRICT;
INSERT INTO audit_head (seq, hash) VALUES (0, '');

-- The read model: written by decisions, read by people.
CREATE TABLE lanes (lane TEXT PRIMARY KEY) STRICT;
CREATE TABLE deployments (
    id TEXT PRIMARY KEY,
    lane TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    application TEXT NOT NULL,
    environment TEXT NOT NULL,
    state TEXT NOT NULL,
    moving INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX deployments_lane ON deployments (lane, state, ordinal);
CREATE INDEX deployments_ordinal ON deployments (lane, ordinal);
CREATE INDEX deployments_moving ON deployments (lane, ordinal) WHERE moving = 1;
CREATE INDEX deployments_newest ON deployments (created_at, ordinal, id);
CREATE INDEX deployments_application ON deployments (application, created_at, ordinal, id);
CREATE INDEX deployments_state ON deployments (state, created_at, ordinal, id);

CREATE TABLE notices (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    deployment TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX notices_deployment ON notices (deployment, seq);

CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
INSERT INTO counters (name, value) VALUES ('revision', 0);

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    principal TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    applications TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;
