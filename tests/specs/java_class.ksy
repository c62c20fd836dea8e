# Compiled Java classes.
meta:
  id: java_class
  title: Java class file
  file-extension: class
  license: MIT
  ks-version: "0.11"
  endian: be
doc-ref: The Java Virtual Machine Specification, chapter 4
seq:
  - {id: magic, contents: [0xca, 0xfe, 0xba, 0xbe]}
  - {id: minor, type: u2}
  - {id: major, type: u2, valid: {min: 43}}
  - {id: num_constants, type: u2}
  - id: constants
    type: 'constant(_index != 0 ? constants[_index - 1].is_wide : false)'
    repeat: expr
    repeat-expr: num_constants - 1
  - {id: access, type: access}
  - {id: this_class, type: u2}
  - {id: super_class, type: u2}
  - {id: num_interfaces, type: u2}
  - {id: interfaces, type: u2, repeat: expr, repeat-expr: num_interfaces}
  - {id: num_fields, type: u2}
  - {id: fields, type: member, repeat: expr, repeat-expr: num_fields}
  - {id: num_methods, type: u2}
  - {id: methods, type: member, repeat: expr, repeat-expr: num_methods}
  - {id: num_attributes, type: u2}
  - {id: attributes, type: attribute, repeat: expr, repeat-expr: num_attributes}
instances:
  name: {value: 'constants[constants[this_class - 1].info.as<reference>.idx - 1].info.as<text>.value'}
enums:
  tags:
    1: utf8
    3: integer
    4: float
    5: long
    6: double
    7: class_name
    8: string
    9: field
    10: method
    11: interface_method
    12: name_and_type
types:
  constant:
    doc: A long or a double takes two places, of which the second is not in the file.
    params:
      - {id: is_second_half, type: bool}
    seq:
      - {id: tag, type: u1, enum: tags, if: not is_second_half}
      - id: info
        if: not is_second_half
        type:
          switch-on: tag
          cases:
            tags::utf8: text
            tags::integer: s4
            tags::float: f4
            tags::long: s8
            tags::double: f8
            tags::class_name: reference
            tags::string: reference
            tags::field: pair
            tags::method: pair
            tags::interface_method: pair
            tags::name_and_type: pair
    instances:
      is_wide: {value: 'is_second_half ? false : tag == tags::long or tag == tags::double'}
  text:
    seq:
      - {id: len_value, type: u2}
      - {id: value, type: str, size: len_value, encoding: UTF-8}
  reference:
    seq:
      - {id: idx, type: u2}
  pair:
    seq:
      - {id: idx_first, type: u2}
      - {id: idx_second, type: u2}
  access:
    seq:
      - {id: flags, type: b1, repeat: expr, repeat-expr: 16}
    instances:
      is_public: {value: 'flags[15]'}
  member:
    seq:
      - {id: access, type: u2}
      - {id: idx_name, type: u2}
      - {id: idx_descriptor, type: u2}
      - {id: num_attributes, type: u2}
      - {id: attributes, type: attribute, repeat: expr, repeat-expr: num_attributes}
    instances:
      name: {value: '_root.constants[idx_name - 1].info.as<text>.value'}
  attribute:
    seq:
      - {id: idx_name, type: u2}
      - {id: len_info, type: u4}
      - id: info
        size: len_info
        type:
          switch-on: name
          cases:
            '"Code"': code
            '"SourceFile"': reference
    instances:
      name: {value: '_root.constants[idx_name - 1].info.as<text>.value'}
  code:
    seq:
      - {id: max_stack, type: u2}
      - {id: max_locals, type: u2}
      - {id: len_code, type: u4}
      - {id: code, size: len_code}
      - {id: num_handlers, type: u2}
      - {id: handlers, type: handler, repeat: expr, repeat-expr: num_handlers}
      - {id: num_attributes, type: u2}
      - {id: attributes, type: attribute, repeat: expr, repeat-expr: num_attributes}
    instances:
      first_opcode: {value: 'code[0]'}
  handler:
    seq:
      - {id: start, type: u2}
      - {id: stop, type: u2}
      - {id: target, type: u2}
      - {id: idx_type, type: u2}
