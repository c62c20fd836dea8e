# 7:44: warning SF606: nothing evaluates this `size`: `contents` say how long 'magic' is
# 8:44: warning SF606: nothing evaluates this `size`: `contents` say how long 'again' is (and it is wrong: unknown field 'nothing' in type 'idle')
# 9:33: warning SF606: nothing evaluates this `parent`: only an object of a type of your own has a parent
# 10:79: warning SF606: nothing evaluates this `size`: its type says how long 'numbers' is
meta: {id: idle, endian: le}
seq:
  - {id: magic, contents: [1, 2, 3], size: 4}
  - {id: again, contents: [1, 2, 3], size: nothing}
  - {id: body, size: 4, parent: _root}
  - {id: numbers, type: {switch-on: 'magic[0]', cases: {1: u2, _: u4}}, size: 4}
