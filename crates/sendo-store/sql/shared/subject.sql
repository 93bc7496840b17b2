SELECT hinted_at, state FROM subjects WHERE id = $1
