# 3:1: error SF105: the file holds more than one YAML document
meta: {id: one}
---
meta: {id: two}
