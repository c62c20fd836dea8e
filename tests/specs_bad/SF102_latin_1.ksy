# 3:9: error SF102: the spec is not UTF-8: found the byte 0xe9
meta: {id: latin_1}
doc: café
