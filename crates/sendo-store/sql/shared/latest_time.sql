-- The latest time this database wrote down, so that its clock never goes back.
SELECT max(at) AS at FROM (
    SELECT max(received_at) AS at FROM deliveries
    UNION ALL SELECT max(woken_at) AS at FROM subjects
    UNION ALL SELECT max(at) AS at FROM audit_pending
    UNION ALL SELECT at FROM audit WHERE seq = (SELECT seq FROM audit_head)
) AS times
