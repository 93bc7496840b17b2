INSERT INTO notices (id, deployment, at, body) VALUES ($1, $2, $3, $4)
ON CONFLICT (id) DO NOTHING
