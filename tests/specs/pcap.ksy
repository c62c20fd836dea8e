# Captured network traffic, classic format, in the byte order of the machine that captured it.
meta:
  id: pcap
  title: libpcap capture
  file-extension: pcap
  license: MIT
  ks-version: "0.11"
doc-ref: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap
seq:
  - {id: magic, size: 4, valid: {any-of: ['[0xd4, 0xc3, 0xb2, 0xa1]', '[0xa1, 0xb2, 0xc3, 0xd4]']}}
  - {id: body, type: body}
enums:
  links: {0: loopback, 1: ethernet, 101: raw_ip, 113: linux_cooked}
  ether_types: {0x0800: ipv4, 0x0806: arp, 0x86dd: ipv6}
  protocols: {1: icmp, 6: tcp, 17: udp}
types:
  body:
    meta:
      endian:
        switch-on: _root.magic
        cases:
          '[0xd4, 0xc3, 0xb2, 0xa1]': le
          '[0xa1, 0xb2, 0xc3, 0xd4]': be
    seq:
      - {id: major, type: u2}
      - {id: minor, type: u2}
      - {id: zone, type: s4}
      - {id: accuracy, type: u4}
      - {id: max_captured, type: u4}
      - {id: link, type: u4, enum: links}
      - {id: packets, type: packet, repeat: eos}
  packet:
    meta:
      endian:
        switch-on: _root.magic
        cases:
          '[0xd4, 0xc3, 0xb2, 0xa1]': le
          _: be
    seq:
      - {id: seconds, type: u4}
      - {id: microseconds, type: u4}
      - {id: len_captured, type: u4, valid: {max: 262144}}
      - {id: len_original, type: u4}
      - id: body
        size: len_captured
        type:
          switch-on: _parent.link
          cases:
            links::ethernet: ethernet
            links::raw_ip: ipv4
    instances:
      is_cut: {value: len_captured < len_original}
      time: {value: seconds + microseconds / 1000000.0}
  ethernet:
    meta: {endian: be}
    seq:
      - {id: destination, type: mac}
      - {id: source, type: mac}
      - {id: kind, type: u2, enum: ether_types}
      - id: body
        size-eos: true
        type:
          switch-on: kind
          cases:
            ether_types::ipv4: ipv4
            ether_types::arp: arp
  mac:
    seq:
      - {id: octets, size: 6}
    instances:
      is_multicast: {value: 'octets[0] & 1 == 1'}
      is_broadcast: {value: 'octets == [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]'}
  arp:
    meta: {endian: be}
    seq:
      - {id: hardware, type: u2}
      - {id: protocol, type: u2}
      - {id: len_hardware, type: u1}
      - {id: len_protocol, type: u1}
      - {id: operation, type: u2}
      - {id: sender_hardware, size: len_hardware}
      - {id: sender_protocol, size: len_protocol}
      - {id: target_hardware, size: len_hardware}
      - {id: target_protocol, size: len_protocol}
  ipv4:
    meta: {endian: be}
    seq:
      - {id: version, type: b4, valid: 4}
      - {id: header_words, type: b4, valid: {min: 5}}
      - {id: service, type: b6}
      - {id: congestion, type: b2}
      - {id: len_total, type: u2}
      - {id: identification, type: u2}
      - {id: reserved, type: b1}
      - {id: dont_fragment, type: b1}
      - {id: more_fragments, type: b1}
      - {id: ofs_fragment, type: b13}
      - {id: hops, type: u1}
      - {id: protocol, type: u1, enum: protocols}
      - {id: checksum, type: u2}
      - {id: source, type: address}
      - {id: destination, type: address}
      - {id: options, size: header_words * 4 - 20}
      - id: body
        size: len_total - header_words * 4
        type:
          switch-on: protocol
          cases:
            protocols::udp: udp
            protocols::tcp: tcp
      - {id: padding, size-eos: true}
  address:
    seq:
      - {id: octets, type: u1, repeat: expr, repeat-expr: 4}
    instances:
      text: {value: 'octets[0].to_s + "." + octets[1].to_s + "." + octets[2].to_s + "." + octets[3].to_s'}
      is_private: {value: 'octets[0] == 10 or (octets[0] == 192 and octets[1] == 168)'}
  udp:
    meta: {endian: be}
    seq:
      - {id: source_port, type: u2}
      - {id: destination_port, type: u2}
      - {id: length, type: u2}
      - {id: checksum, type: u2}
      - {id: body, size-eos: true}
  tcp:
    meta: {endian: be}
    seq:
      - {id: source_port, type: u2}
      - {id: destination_port, type: u2}
      - {id: sequence, type: u4}
      - {id: acknowledgement, type: u4}
      - {id: header_words, type: b4}
      - {id: reserved, type: b3}
      - {id: flags, type: b1, repeat: expr, repeat-expr: 9}
      - {id: window, type: u2}
      - {id: checksum, type: u2}
      - {id: urgent, type: u2}
      - {id: options, size: header_words * 4 - 20}
      - {id: body, size-eos: true}
