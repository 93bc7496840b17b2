UPDATE deliveries SET body = NULL
 WHERE seq IN (
     SELECT seq FROM deliveries
      WHERE outcome IS NOT NULL AND body IS NOT NULL AND settled_at < $1
      ORDER BY settled_at
      LIMIT $2
 )
