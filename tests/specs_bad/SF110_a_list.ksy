# 2:1: error SF110: a spec is a map with the key 'meta', got a list of 1
- meta: {id: a_list}
