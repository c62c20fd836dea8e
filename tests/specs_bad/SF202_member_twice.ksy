# 6:8: error SF202: duplicate enum member ID 'red', previously defined at /enums/color/0
meta: {id: member_twice}
enums:
  color:
    0: red
    1: red
