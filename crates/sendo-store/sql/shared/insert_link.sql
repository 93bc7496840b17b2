INSERT INTO sign_in_links (hash, token, created_at) VALUES ($1, $2, $3)
