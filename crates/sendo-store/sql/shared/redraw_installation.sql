-- A database that went back in time must not take names for its own that it gave out before.
UPDATE meta SET value = $1 WHERE key = 'installation'
