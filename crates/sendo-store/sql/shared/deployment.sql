SELECT body FROM deployments WHERE id = $1
