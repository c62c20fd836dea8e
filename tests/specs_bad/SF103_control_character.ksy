# 2:32: error SF103: not YAML: found the character '\x07'
meta: {id: "control", title: "ab"}
