-- Browsers that are signed in, by the hash of their secret. What they may do is their token's.
CREATE TABLE sessions (
    hash TEXT COLLATE "C" PRIMARY KEY,
    token TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX sessions_created ON sessions (created_at);

-- Links that open one session each. A row goes when it was used.
CREATE TABLE sign_in_links (
    hash TEXT COLLATE "C" PRIMARY KEY,
    token TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX sign_in_links_created ON sign_in_links (created_at);
