-- Browsers that are signed in, by the hash of their secret. What they may do is their token's.
CREATE TABLE sessions (
    hash TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX sessions_created ON sessions (created_at);

-- Links that open one session each. A row goes when it was used.
CREATE TABLE sign_in_links (
    hash TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_links_created ON sign_in_links (created_at);
