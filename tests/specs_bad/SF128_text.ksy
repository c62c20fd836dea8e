# 4:11: error SF128: the key of an enum's entry is an integer, got zero
meta: {id: text_in_an_enum}
enums:
  color: {zero: red}
