# 2:33: error SF118: expected a version such as 0.9, got new
meta: {id: version, ks-version: new}
