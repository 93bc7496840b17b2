UPDATE deliveries SET fence = fence + $1, lease_until = NULL
