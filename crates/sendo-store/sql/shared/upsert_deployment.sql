INSERT INTO deployments
    (id, lane, ordinal, application, environment, state, moving, created_at, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, moving = excluded.moving, created_at = excluded.created_at,
    body = excluded.body
