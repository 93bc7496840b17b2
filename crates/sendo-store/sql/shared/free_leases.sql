UPDATE leases SET fence = fence + $1, lease_until = 0
