# 2:35: error SF120: expected `le` or `be`, got big
meta: {id: bit_order, bit-endian: big}
