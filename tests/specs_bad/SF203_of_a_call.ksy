# 6:33: error SF203: unknown field 'lenght' in type 'of_a_call'
meta: {id: of_a_call, encoding: ASCII}
seq:
  - {id: name, type: str, size: 8}
instances:
  a: {value: 'name.substring(0, lenght).reverse'}
