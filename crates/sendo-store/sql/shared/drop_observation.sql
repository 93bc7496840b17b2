-- An observation leaves no row, so that its key can be planned again.
DELETE FROM effects WHERE subject = $1 AND key = $2 AND live = 0 AND class = 'O'
