"""SF4xx: layout: where bytes end, how numbers and strings are written, what can never be read."""

from __future__ import annotations

from sigflow.compiler.codes.code import Code, E, W

CODES = {
    "SF401": Code(
        E,
        "bytes of unknown extent",
        "What has no type of its own size needs `size`, `size-eos` or `terminator`, or fixed `contents`.",
        bad="""\
meta: {id: extents}
seq:
  - {id: a}
""",
        good="""\
meta: {id: extents}
seq:
  - {id: a, size: 3}
""",
    ),
    "SF402": Code(
        E,
        "a bit field that is too wide",
        "A bit field has 1 to 64 bits.",
        bad="""\
meta: {id: bits}
seq:
  - {id: a, type: b65}
""",
        good="""\
meta: {id: bits}
seq:
  - {id: a, type: b64}
""",
    ),
    "SF403": Code(
        E,
        "a number without byte order",
        "Write `u2le`, `u2be`, or `endian` in `meta`.",
        bad="""\
meta: {id: readings}
seq:
  - {id: a, type: u2}
""",
        good="""\
meta: {id: readings, endian: be}
seq:
  - {id: a, type: u2}
""",
    ),
    "SF404": Code(
        E,
        "a string without encoding",
        "Write `encoding` at the field or in `meta`.",
        bad="""\
meta: {id: texts}
seq:
  - {id: a, type: strz}
""",
        good="""\
meta: {id: texts, encoding: UTF-8}
seq:
  - {id: a, type: strz}
""",
    ),
    "SF405": Code(
        E,
        "a size that is not fixed",
        "`sizeof<>` and `_sizeof` are known before anything is read, or not at all.",
        bad="""\
meta: {id: sizes}
seq:
  - {id: a, type: line}
instances:
  b: {value: a._sizeof}
types:
  line: {seq: [{id: text, terminator: 10}]}
""",
        good="""\
meta: {id: sizes}
seq:
  - {id: a, type: line}
instances:
  b: {value: a._sizeof}
types:
  line: {seq: [{id: text, size: 10}]}
""",
    ),
    "SF406": Code(
        E,
        "a negative size",
        "A size is 0 or more.",
        bad="""\
meta: {id: sizes}
seq:
  - {id: a, size: 3 - 4}
""",
        good="""\
meta: {id: sizes}
seq:
  - {id: a, size: 4 - 3}
""",
    ),
    "SF407": Code(
        E,
        "keys that exclude each other",
        "`size` gives the extent, and `size-eos` gives another.",
        bad="""\
meta: {id: extents}
seq:
  - {id: a, size: 3, size-eos: true}
""",
        good="""\
meta: {id: extents}
seq:
  - {id: a, size-eos: true}
""",
    ),
    "SF408": Code(
        W,
        "a check that nothing satisfies",
        "The field can never have this value, so no input would be accepted because of it.",
        bad="""\
meta: {id: checked}
seq:
  - {id: a, type: u1, valid: {min: 300}}
""",
        good="""\
meta: {id: checked}
seq:
  - {id: a, type: u2le, valid: {min: 300}}
""",
    ),
    "SF409": Code(
        E,
        "a type that holds itself without end",
        "Somewhere on the way there has to be an `if`, a switch or a repeat that may be empty.",
        bad="""\
meta: {id: recursive}
seq:
  - {id: first, type: item}
types:
  item: {seq: [{id: next, type: item}]}
""",
        good="""\
meta: {id: recursive}
seq:
  - {id: first, type: item}
types:
  item: {seq: [{id: more, type: u1}, {id: next, type: item, if: more != 0}]}
""",
    ),
    "SF410": Code(
        W,
        "a type that holds itself without end, where nothing forces it to be read",
        "Whoever asks for the field gets an error; the rest of the spec is read.",
        bad="""\
meta: {id: recursive}
seq:
  - {id: more, type: u1}
  - {id: first, type: item, if: more != 0}
types:
  item: {seq: [{id: next, type: item}]}
""",
        good="""\
meta: {id: recursive}
seq:
  - {id: more, type: u1}
  - {id: first, type: item, if: more != 0}
types:
  item: {seq: [{id: more, type: u1}, {id: next, type: item, if: more != 0}]}
""",
    ),
}
