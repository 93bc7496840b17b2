INSERT INTO meta (key, value) VALUES ('installation', $1) ON CONFLICT (key) DO NOTHING
