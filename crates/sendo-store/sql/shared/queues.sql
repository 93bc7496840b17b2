-- What waits, by how it stands. Each part walks an index over what is waiting only.
SELECT 'deliveries' AS queue, CASE WHEN lease_until > $1 THEN 'claimed' ELSE 'ready' END AS state,
       count(*) AS n, min(received_at) AS oldest
  FROM deliveries WHERE outcome IS NULL GROUP BY 1, 2
UNION ALL
SELECT 'subjects', CASE WHEN lease_until > $1 THEN 'claimed' ELSE 'ready' END,
       count(*), min(CASE WHEN wakes > decided_wakes THEN woken_at ELSE wake_at END)
  FROM subjects WHERE wakes > decided_wakes OR wake_at <= $1 GROUP BY 1, 2
UNION ALL
SELECT CASE WHEN notice = 1 THEN 'notices' ELSE 'effects' END,
       CASE WHEN lease_until > $1 THEN 'claimed' WHEN not_before > $1 THEN 'later' ELSE 'ready' END,
       count(*), min(CASE WHEN not_before > planned_at THEN not_before ELSE planned_at END)
  FROM effects WHERE state = 'ready' GROUP BY 1, 2
UNION ALL
SELECT 'audit', 'ready', count(*), min(at) FROM audit_pending
UNION ALL
SELECT 'quarantine', 'ready', count(*), min(received_at) FROM deliveries WHERE outcome = 'quarantined'
