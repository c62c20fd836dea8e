# 5:35: warning SF602: use the canonical name `ISO-8859-1` of the encoding instead of `latin1`
# 8:21: warning SF602: use the canonical name `UTF-8` of the encoding instead of `utf8`
meta: {id: other_name}
seq:
  - {id: a, type: strz, encoding: latin1}
  - {id: b, size: 4}
instances:
  c: {value: b.to_s("utf8")}
