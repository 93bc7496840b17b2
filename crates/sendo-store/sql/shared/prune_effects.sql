DELETE FROM effects
 WHERE seq IN (
     SELECT seq FROM effects
      WHERE live = 0 AND state <> 'ready' AND ended_at < $1
      ORDER BY ended_at
      LIMIT $2
 )
