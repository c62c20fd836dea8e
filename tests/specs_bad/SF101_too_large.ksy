# 1:1: error SF101: the spec is larger than 4194304 bytes
# padded to 4194305 bytes
meta: {id: too_large}
