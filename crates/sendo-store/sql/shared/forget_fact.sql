DELETE FROM facts WHERE subject = $1 AND key = $2
