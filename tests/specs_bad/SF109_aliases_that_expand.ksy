# 8:13: error SF109: more than 300000 YAML nodes, aliases expanded
meta: {id: aliases_that_expand}
-a: &a [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
-b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
-c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
-d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
-e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
-f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]
