# 4:11: error SF128: 18446744073709551616 does not fit into 64 bits
meta: {id: large}
enums:
  color: {0x1_0000_0000_0000_0000: red}
