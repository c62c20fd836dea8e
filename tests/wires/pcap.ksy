# libpcap savefile (pcap-savefile(5)), little-endian, microseconds.
meta: {id: pcap, endian: le}
-sigflow-stream: {unit: packet, preamble: true}
seq:
  - {id: header, type: header}
  - {id: packets, type: packet, repeat: eos}
types:
  header:
    seq:
      - {id: magic, contents: [0xd4, 0xc3, 0xb2, 0xa1]}
      - {id: version, type: u2, repeat: expr, repeat-expr: 2}
      - {id: zone, type: s4}
      - {id: accuracy, type: u4}
      - {id: snap_length, type: u4}
      - {id: link_type, type: u4}
  packet:
    seq:
      - {id: seconds, type: u4}
      - {id: microseconds, type: u4, valid: {max: 999999}}
      - {id: len_data, type: u4, valid: {max: _root.header.snap_length}}
      - {id: original_length, type: u4, valid: {min: len_data, max: 262144}}
      - {id: data, size: len_data}
