DELETE FROM sign_in_links WHERE hash = $1 AND token = $2 AND created_at > $3
