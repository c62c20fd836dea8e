# 5:33: error SF301: not an expression: expected the end of the expression or an operator, got '&&', did you mean 'and'?
meta: {id: operators}
seq:
  - {id: a, type: u1}
  - {id: b, size: 1, if: a == 1 && a == 2}
