# 5:7: error SF209: unknown import 'imported/haeder', looked in .
meta:
  id: unknown_import
  imports:
    - imported/haeder
seq:
  - {id: a, type: haeder}
  - {id: b, type: haeder::inner}
