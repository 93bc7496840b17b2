DELETE FROM sign_in_links
