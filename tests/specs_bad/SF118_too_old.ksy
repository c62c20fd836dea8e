# 2:33: error SF118: the oldest version is 0.6, got 0.5 (0.10 must be quoted: '0.10')
meta: {id: too_old, ks-version: 0.5}
