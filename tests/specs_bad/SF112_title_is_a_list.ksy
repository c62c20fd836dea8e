# 2:36: error SF112: expected a string, got a list of 2
meta: {id: title_is_a_list, title: [a, b]}
