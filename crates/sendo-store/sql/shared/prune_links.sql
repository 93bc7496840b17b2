DELETE FROM sign_in_links
 WHERE hash IN (SELECT hash FROM sign_in_links WHERE created_at < $1 ORDER BY created_at LIMIT $2)
