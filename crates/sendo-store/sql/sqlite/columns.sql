SELECT name, lower(type) AS kind FROM pragma_table_info($1) ORDER BY cid
