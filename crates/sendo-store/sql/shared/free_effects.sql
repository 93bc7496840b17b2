UPDATE effects SET fence = fence + $1, lease_until = NULL
