# 1:1: error SF101: the spec is larger than 16777216 bytes
# padded to 16777217 bytes
meta: {id: too_large}
