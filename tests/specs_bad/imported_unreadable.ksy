# imported/broken.ksy:2:1: error SF103: not YAML: did not find expected ',' or '}'
meta:
  id: unreadable
  imports: [imported/broken]
seq:
  - {id: a, type: broken}
