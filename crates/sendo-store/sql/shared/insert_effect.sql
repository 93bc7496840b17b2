-- A key that is already planned is left as it is.
INSERT INTO effects
    (subject, key, kind, class, notice, live, body, deployment, state, not_before, planned_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'ready', $9, $9)
ON CONFLICT (subject, key) DO NOTHING
