# 3:6: error SF103: not YAML: unknown alias 'fields'
meta: {id: unknown_alias}
seq: *fields
