# 4:22: error SF501: unknown hint '-sigflow-reson' of an attribute, expected: -sigflow-reason, -sigflow-max-size, -sigflow-unique, -sigflow-note, -sigflow-codec, -sigflow-scale, -sigflow-offset, -sigflow-unit, -sigflow-metadata, -sigflow-unstuff, -sigflow-terminator, -sigflow-default, did you mean '-sigflow-reason'?
meta: {id: hint_of_an_attribute}
seq:
  - {id: a, size: 1, -sigflow-reson: bad}
