# 4:74: error SF301: not an expression: nested deeper than 60 levels
meta: {id: too_deep}
instances:
  a: {value: ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))}
