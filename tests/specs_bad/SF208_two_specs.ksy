# 5:7: error SF208: two specs have the id 'two_specs': SF208_two_specs.ksy and imported/same_id.ksy
meta:
  id: two_specs
  imports:
    - imported/same_id
seq:
  - {id: a, type: u1}
