-- Each id comes from an index, lane by lane from the short list of lanes: history costs nothing.
SELECT body FROM deployments
 WHERE id IN (
     SELECT (SELECT s.id FROM deployments s
              WHERE s.lane = l.lane AND s.state = 'succeeded'
              ORDER BY s.ordinal DESC LIMIT 1)
       FROM lanes l
     UNION ALL
     SELECT id FROM deployments WHERE moving = 1
     UNION ALL
     SELECT (SELECT f.id FROM deployments f
              WHERE f.lane = l.lane AND f.state IN ('failed', 'cancelled')
                AND f.ordinal > coalesce((
                    SELECT s.ordinal FROM deployments s
                     WHERE s.lane = l.lane AND s.state = 'succeeded'
                     ORDER BY s.ordinal DESC LIMIT 1), 0)
              ORDER BY f.ordinal DESC LIMIT 1)
       FROM lanes l
 )
 ORDER BY lane, ordinal
