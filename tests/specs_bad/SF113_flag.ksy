# 5:15: error SF113: expected true or false, got yes please
meta: {id: flag}
seq:
  - id: rest
    size-eos: yes please
