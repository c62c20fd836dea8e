# 12:35: error SF120: expected `le`, `be` or a map with `switch-on` and `cases`, got middle
# 13:6: error SF112: expected a string, got a list of 2
# 15:19: error SF204: unknown type 'u3'
# 16:19: error SF203: unknown field 'c' in type 'many_mistakes'
# 17:10: error SF116: invalid attribute ID: 'Body', expected /^[a-z][a-z0-9_]*$/
# 17:16: error SF115: unknown key 'siez', expected: consume, contents, doc, doc-ref, eos-error, id, if, include, pad-right, parent, process, repeat, size, size-eos, terminator, type, valid, did you mean 'size'?
# 18:29: error SF205: unknown enum 'colour', did you mean 'color'?
# 18:54: error SF127: only `true` is a value of `in-enum`, got yes
# 19:31: error SF301: not an expression: expected a value, got '&&', did you mean 'and'?
# 23:31: error SF305: structure has no member or method 'b'
# 25:19: error SF128: the key of an enum's entry is an integer, got x
meta: {id: many_mistakes, endian: middle}
doc: [all of them, in one run]
seq:
  - {id: a, type: u3}
  - {id: b, size: c}
  - {id: Body, siez: 3, size: 3}
  - {id: d, type: u1, enum: colour, valid: {in-enum: yes}}
  - {id: e, size: 1, if: a == && 2}
types:
  head:
    seq:
      - {id: x, size: _parent.b + 1}
enums:
  color: {0: red, x: green}
