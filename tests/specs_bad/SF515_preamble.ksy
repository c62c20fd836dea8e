# 3:42: error SF515: nothing stands before 'entries'
meta: {id: archive}
-sigflow-stream: {unit: entry, preamble: true}
seq:
  - {id: entries, type: entry, repeat: eos}
types:
  entry:
    seq: [{id: magic, contents: ENTRY}, {id: body, size: 9}]
