INSERT INTO leases (name, holder, fence, lease_until) VALUES ($1, $2, 1, $4)
ON CONFLICT (name) DO UPDATE SET
    fence = CASE WHEN leases.holder = excluded.holder AND leases.lease_until > $3
                 THEN leases.fence ELSE leases.fence + 1 END,
    holder = excluded.holder,
    lease_until = excluded.lease_until
 WHERE leases.holder = excluded.holder OR leases.lease_until <= $3
RETURNING fence
