SELECT count(*) AS n FROM audit_pending
