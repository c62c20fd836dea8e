"""SF1xx: text and structure: what a spec is written in, which keys may stand where, what their values may be."""

from __future__ import annotations

from sigflow.compiler.codes.code import Code, E, W

CODES = {
    "SF101": Code(
        E,
        "the spec is too large",
        "A spec has at most 4 MiB; data does not belong into it.",
        bad="""\
# a line of a comment, again and again
""",
        good="""\
meta: {id: small}
""",
        times=150_000,
    ),
    "SF102": Code(
        E,
        "the spec is not UTF-8",
        "Save the file as UTF-8.",
        bad="""\
meta: {id: drink}
doc: café
""",
        good="""\
meta: {id: drink}
doc: café
""",
        encoding="latin-1",
    ),
    "SF103": Code(
        E,
        "the spec is not YAML",
        "The place is where YAML's reader gave up; the mistake may stand a little before it.",
        bad="""\
meta: {id: open
seq: []
""",
        good="""\
meta: {id: closed}
seq: []
""",
    ),
    "SF104": Code(
        E,
        "the spec is empty",
        "A spec has at least `meta` with an `id`.",
        bad="""\
# nothing but a comment
""",
        good="""\
meta: {id: least}
""",
    ),
    "SF105": Code(
        E,
        "more than one YAML document",
        "One file holds one spec.",
        bad="""\
meta: {id: one}
---
meta: {id: two}
""",
        good="""\
meta: {id: one}
""",
    ),
    "SF106": Code(
        E,
        "nested too deep",
        "YAML is read to a depth of 100 levels.",
        bad="""\
meta: {id: deep}
-note:
  [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
  [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
  ]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
  ]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
""",
        good="""\
meta: {id: shallow}
-note: [[[]]]
""",
    ),
    "SF107": Code(
        E,
        "a key that is no scalar",
        "The key of a map is a string or a number.",
        bad="""\
meta: {id: keys}
types:
  ? [a, b]
  : {}
""",
        good="""\
meta: {id: keys}
types:
  a: {}
  b: {}
""",
    ),
    "SF108": Code(
        E,
        "a key given twice",
        "YAML would let the last one win without a word.",
        bad="""\
meta: {id: twice}
seq:
  - {id: a, type: u1, type: s1}
""",
        good="""\
meta: {id: once}
seq:
  - {id: a, type: s1}
""",
    ),
    "SF109": Code(
        E,
        "too many nodes, aliases expanded",
        "Every use of an alias counts as often as what it stands for.",
        bad="""\
meta: {id: expands}
-a: &a [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
-b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
-c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
-d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
-e: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
-f: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
""",
        good="""\
meta: {id: repeats}
-a: &a [0, 0, 0]
-b: [*a, *a]
""",
    ),
    "SF110": Code(
        E,
        "the spec is no map",
        "A spec is a map, with `meta` in it.",
        bad="""\
- meta: {id: listed}
""",
        good="""\
meta: {id: listed}
""",
    ),
    "SF111": Code(
        E,
        "another kind of node was expected",
        "Where the language wants a map or a list, nothing else will do.",
        bad="""\
meta: {id: fields}
seq: {id: a, type: u1}
""",
        good="""\
meta: {id: fields}
seq:
  - {id: a, type: u1}
""",
    ),
    "SF112": Code(
        E,
        "a string or an expression was expected",
        "A list, a map or nothing stands where a string, a name or an expression belongs.",
        bad="""\
meta: {id: titled, title: [a, b]}
""",
        good="""\
meta: {id: titled, title: a and b}
""",
    ),
    "SF113": Code(
        E,
        "a boolean was expected",
        "It is `true` or `false`, without quotes.",
        bad="""\
meta: {id: flags}
seq:
  - {id: rest, size-eos: yes}
""",
        good="""\
meta: {id: flags}
seq:
  - {id: rest, size-eos: true}
""",
    ),
    "SF114": Code(
        E,
        "a byte was expected",
        "A byte is an integer from 0 to 255.",
        bad="""\
meta: {id: lines}
seq:
  - {id: line, terminator: 256}
""",
        good="""\
meta: {id: lines}
seq:
  - {id: line, terminator: 10}
""",
    ),
    "SF115": Code(
        E,
        "an unknown key",
        "The message lists the keys that may stand there. A key of your own begins with `-`.",
        bad="""\
meta: {id: sizes}
seq:
  - {id: body, siez: 4}
""",
        good="""\
meta: {id: sizes}
seq:
  - {id: body, size: 4, -my-note: a key of your own}
""",
    ),
    "SF116": Code(
        E,
        "an invalid ID",
        "An ID has lower-case letters, digits and underscores, and begins with a letter.",
        bad="""\
meta: {id: fields}
seq:
  - {id: lenBody, type: u1}
""",
        good="""\
meta: {id: fields}
seq:
  - {id: len_body, type: u1}
""",
    ),
    "SF117": Code(
        E,
        "no meta/id",
        "The ID names the generated module and its class.",
        bad="""\
meta: {endian: le}
""",
        good="""\
meta: {id: named, endian: le}
""",
    ),
    "SF118": Code(
        E,
        "an invalid language version",
        "Versions are 0.6 and later; 0.10 has to be quoted, for YAML reads it as 0.1.",
        bad="""\
meta: {id: versioned, ks-version: newest}
""",
        good="""\
meta: {id: versioned, ks-version: '0.10'}
""",
    ),
    "SF119": Code(
        E,
        "a language version newer than this compiler",
        "The spec may use what this compiler does not know.",
        bad="""\
meta: {id: versioned, ks-version: '0.99'}
""",
        good="""\
meta: {id: versioned, ks-version: '0.11'}
""",
    ),
    "SF120": Code(
        E,
        "an invalid byte order",
        "It is `le` or `be`; `endian` may also be calculated.",
        bad="""\
meta: {id: ordered, endian: little}
""",
        good="""\
meta:
  id: ordered
  endian:
    switch-on: mark
    cases: {0x4949: le, 0x4d4d: be}
seq:
  - {id: mark, type: u2be}
""",
    ),
    "SF121": Code(
        E,
        "an ID is missing",
        "A param, and an entry of an enum that is written as a map, need an `id`.",
        bad="""\
meta: {id: colors}
enums:
  color:
    0: {doc: the colour of blood}
""",
        good="""\
meta: {id: colors}
enums:
  color:
    0: {id: red, doc: the colour of blood}
""",
    ),
    "SF122": Code(
        E,
        "an invalid repeat",
        "`repeat` is `eos`, `expr` with `repeat-expr`, or `until` with `repeat-until`.",
        bad="""\
meta: {id: repeats}
seq:
  - {id: a, type: u1, repeat: expr}
""",
        good="""\
meta: {id: repeats}
seq:
  - {id: a, type: u1, repeat: expr, repeat-expr: 3}
""",
    ),
    "SF123": Code(
        E,
        "an incomplete switch",
        "A switch has `switch-on` and `cases`.",
        bad="""\
meta: {id: switches}
seq:
  - {id: kind, type: u1}
  - {id: body, type: {switch-on: kind}}
""",
        good="""\
meta: {id: switches}
seq:
  - {id: kind, type: u1}
  - {id: body, type: {switch-on: kind, cases: {1: u1, 2: u2le}}}
""",
    ),
    "SF124": Code(
        E,
        "invalid contents",
        "Fixed bytes are a string, or a list of bytes and strings.",
        bad="""\
meta: {id: fixed}
seq:
  - {id: magic, contents: {hex: 5a}}
""",
        good="""\
meta: {id: fixed}
seq:
  - {id: magic, contents: [0x5a, IP]}
""",
    ),
    "SF125": Code(
        E,
        "an invalid process",
        "Built in are `zlib`, `xor(key)`, `rol(bits)` and `ror(bits)`; any other dotted name is code of yours.",
        bad="""\
meta: {id: processed}
seq:
  - {id: body, size: 4, process: xor 5}
""",
        good="""\
meta: {id: processed}
seq:
  - {id: body, size: 4, process: xor(5)}
""",
    ),
    "SF126": Code(
        E,
        "an invalid form of valid",
        "One form for each field: a value, `eq`, `min` and `max`, `any-of`, `in-enum` or `expr`.",
        bad="""\
meta: {id: checked}
seq:
  - {id: a, type: u1, valid: {eq: 3, max: 5}}
""",
        good="""\
meta: {id: checked}
seq:
  - {id: a, type: u1, valid: {min: 3, max: 5}}
""",
    ),
    "SF127": Code(
        E,
        "an invalid in-enum",
        "Its one value is `true`, on a field with an `enum`.",
        bad="""\
meta: {id: checked}
seq:
  - {id: a, type: u1, valid: {in-enum: true}}
""",
        good="""\
meta: {id: checked}
seq:
  - {id: a, type: u1, enum: color, valid: {in-enum: true}}
enums:
  color: {0: red}
""",
    ),
    "SF128": Code(
        E,
        "an invalid value in an enum",
        "The keys of an enum are integers of 64 bits.",
        bad="""\
meta: {id: colors}
enums:
  color: {zero: red}
""",
        good="""\
meta: {id: colors}
enums:
  color: {0: red}
""",
    ),
    "SF129": Code(
        W,
        "too many problems",
        "Only the first thousand of a file are listed; so many have one cause, or a few.",
        bad="""\
? [an, unusual, key]
: a
""",
        good="""\
meta: {id: few}
""",
        times=1001,
    ),
}
