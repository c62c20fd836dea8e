# Tag, length, value; a tag with its top bit set holds another such list.
meta:
  id: tlv
  title: Nested tag-length-value list
  file-extension: tlv
  license: MIT
  ks-version: "0.11"
  endian: be
doc: |
  A list of elements, each a tag, a length and that many bytes of value. The value of a constructed tag (top bit set) is a
  list again, to a depth of 16; one level more is an error diagnostic, and so is a list that ends inside an element, whose
  earlier elements are kept. It is the payload encoding 1 of SGF1, and a stream of its own: its frame is one outermost
  element. Since every four bytes are a valid header, such a stream cannot be found again once it is damaged.
doc-ref: docs/protocol.md#tlv
-sigflow-stream:
  unit: element(0)
  confirm: {chain: 8}
  kind: tag
-sigflow-examples:
  - hex: 0001 0005 616c706861
    expect: {tag: 1, length: 5}
  - hex: 8002 0005 0001 0001 2a
    expect: {tag: 0x8002, length: 5}
seq:
  - id: elements
    type: element(0)
    repeat: eos
types:
  element:
    params:
      - id: depth
        type: u1
        doc: How many constructed elements this one stands in.
    seq:
      - id: tag
        type: u2
      - id: length
        type: u2
        doc: Bytes of value, which may be none.
      - id: value
        size: length
        type:
          switch-on: is_constructed
          cases:
            true: element_list(depth + 1)
        doc: A list of elements where the tag is constructed, else plain bytes.
    instances:
      is_constructed:
        value: tag & 0x8000 != 0
        doc: The top bit of the tag is set.
  element_list:
    -sigflow-limits: {depth: 16}
    params:
      - id: depth
        type: u1
    seq:
      - id: elements
        type: element(depth)
        repeat: eos
