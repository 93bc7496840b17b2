SELECT (SELECT count(*) FROM deliveries WHERE outcome IS NULL) AS deliveries,
       (SELECT count(*) FROM subjects WHERE wakes > decided_wakes OR wake_at <= $1) AS subjects,
       (SELECT count(*) FROM effects WHERE state = 'ready' AND notice = 0) AS effects,
       (SELECT count(*) FROM effects WHERE state = 'ready' AND notice = 1) AS notices,
       (SELECT count(*) FROM audit_pending) AS unsealed
