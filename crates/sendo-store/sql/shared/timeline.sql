SELECT body FROM notices WHERE deployment = $1 ORDER BY seq
