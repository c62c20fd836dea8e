# 1:1: error SF104: the spec is empty
