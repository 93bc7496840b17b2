UPDATE effects SET live = 0
 WHERE subject = $1 AND key = $2 AND live = 1 AND state <> 'ready'
