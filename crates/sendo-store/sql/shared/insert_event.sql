INSERT INTO events (id, delivery, name, body, at) VALUES ($1, $2, $3, $4, $5)
