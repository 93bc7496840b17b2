-- Every part walks an index from the short list of lanes: history costs nothing.
SELECT lane, ordinal, body FROM (
    SELECT d.lane, d.ordinal, d.body
      FROM lanes l
      JOIN deployments d ON d.lane = l.lane AND d.ordinal = (
          SELECT max(s.ordinal) FROM deployments s WHERE s.lane = l.lane AND s.state = 'succeeded')
    UNION ALL
    SELECT d.lane, d.ordinal, d.body FROM deployments d WHERE d.moving = 1
    UNION ALL
    SELECT d.lane, d.ordinal, d.body
      FROM lanes l
      JOIN deployments d ON d.lane = l.lane AND d.ordinal = (
          SELECT max(f.ordinal) FROM deployments f
           WHERE f.lane = l.lane AND f.state IN ('failed', 'cancelled')
             AND f.ordinal > coalesce((
                 SELECT max(s.ordinal) FROM deployments s
                  WHERE s.lane = l.lane AND s.state = 'succeeded'), 0))
) AS cards
 ORDER BY lane, ordinal
