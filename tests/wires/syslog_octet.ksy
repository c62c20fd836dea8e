# Syslog over TCP, octet counting (RFC 6587, 3.4.1): the length in decimal digits, a space, the message.
meta: {id: syslog_octet, encoding: UTF-8}
-sigflow-stream: {max-frame: 8200}
seq:
  - {id: len_message, type: str, terminator: 0x20, -sigflow-max-size: 5}
  - {id: message, type: message, size: len_message.to_i, valid: {expr: message.priority != ""}}
types:
  message:
    seq:
      - {id: opening, contents: "<"}
      - {id: priority, type: str, terminator: 0x3e}
      - {id: text, type: str, size-eos: true}
