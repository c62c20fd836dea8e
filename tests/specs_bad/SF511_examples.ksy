# 16:5: error SF511: an example needs `hex`, its bytes
# 17:10: error SF511: expected pairs of hexadecimal digits, got '5a1'
# 18:10: error SF511: an example is exactly one examples frame, found 0 frames in 4 bytes, a gap at 0..4 (examples:checksum, no-marker)
# 19:10: error SF511: an example is exactly one examples frame, found 2 frames in 8 bytes
# 20:30: error SF511: kind: found ask (1), wanted answer
# 20:44: error SF511: unknown field 'vlaue' of the frame, did you mean 'value'?
# 21:30: error SF511: value: found 2, wanted '2'
# 21:42: error SF511: expected a field path such as items[0].x, got 'value['
meta: {id: examples}
-sigflow-stream:
  checksum: {field: check, algorithm: sum-8, over: magic..value}
-sigflow-examples:
  - hex: 5a 01 02 5d  # this one holds
    expect: {kind: ask, value: 2, check: 0x5d, magic: 5a}

  - {expect: {kind: ask}}
  - hex: '5a1'
  - hex: 5a 01 02 5e
  - hex: 5a01025d 5a01025d
  - {hex: 5a01025d, expect: {kind: answer, vlaue: 2}}
  - {hex: 5a01025d, expect: {value: '2', 'value[': 2}}
seq:
  - {id: magic, contents: Z}
  - {id: kind, type: u1, enum: kinds}
  - {id: value, type: u1}
  - {id: check, type: u1}
enums:
  kinds: {1: ask, 2: answer}
