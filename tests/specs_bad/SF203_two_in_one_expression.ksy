# 7:24: error SF203: unknown field 'widht' in type 'two_in_one_expression', did you mean 'width'?
# 7:32: error SF203: unknown field 'heigth' in type 'two_in_one_expression', did you mean 'height'?
meta: {id: two_in_one_expression}
seq:
  - {id: width, type: u1}
  - {id: height, type: u1}
  - {id: pixels, size: widht * heigth}
