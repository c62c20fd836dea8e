# ISO/IEC 13818-1, 2.4.3.2: transport stream packets; only those with a payload are counted, null packets never.
meta: {id: mpeg_ts, endian: be, bit-endian: be}
-sigflow-stream:
  sequence: {field: continuity_counter, per: pid, if: has_payload and pid != 0x1fff}
seq:
  - {id: sync, contents: [0x47]}
  - {id: error, type: b1}
  - {id: unit_start, type: b1}
  - {id: priority, type: b1}
  - {id: pid, type: b13}
  - {id: scrambling, type: b2}
  - {id: has_adaptation, type: b1}
  - {id: has_payload, type: b1, valid: {expr: _ or has_adaptation}}
  - {id: continuity_counter, type: b4}
  - {id: adaptation, type: adaptation, if: has_adaptation}
  - {id: payload, size: "184 - (has_adaptation ? adaptation.len_body + 1 : 0)", if: has_payload}
types:
  adaptation:
    seq:
      - {id: len_body, type: u1, valid: {max: 183}}
      - {id: body, size: len_body}
