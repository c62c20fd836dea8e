# 2:12: error SF116: invalid meta ID: '3d_model', expected /^[a-z][a-z0-9_]*$/
meta: {id: 3d_model}
