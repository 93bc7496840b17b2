SELECT hinted_at FROM subjects WHERE id = $1
