"""SF6xx: encodings, style and what nothing uses."""

from __future__ import annotations

from sigflow.compiler.codes.code import Code, N, W

CODES = {
    "SF601": Code(
        W,
        "an unknown encoding",
        "Reading such a string would fail.",
        bad="""\
meta: {id: texts, encoding: UTF-9}
""",
        good="""\
meta: {id: texts, encoding: UTF-8}
""",
    ),
    "SF602": Code(
        W,
        "an encoding by another than its canonical name",
        "Other tools may not know the alias.",
        bad="""\
meta: {id: texts, encoding: latin1}
""",
        good="""\
meta: {id: texts, encoding: ISO-8859-1}
""",
    ),
    "SF603": Code(
        W,
        "a name that the style guide would choose otherwise",
        "What serves only as the size of `body` is called `len_body`; what counts `items`, `num_items`.",
        bad="""\
meta: {id: sizes}
seq:
  - {id: body_length, type: u1}
  - {id: body, size: body_length}
""",
        good="""\
meta: {id: sizes}
seq:
  - {id: len_body, type: u1}
  - {id: body, size: len_body}
""",
    ),
    "SF604": Code(
        W,
        "an unused type",
        "Nothing in the spec is of this type.",
        bad="""\
meta: {id: kinds}
seq:
  - {id: a, type: u1}
types:
  header: {seq: [{id: b, type: u1}]}
""",
        good="""\
meta: {id: kinds}
seq:
  - {id: a, type: header}
types:
  header: {seq: [{id: b, type: u1}]}
""",
    ),
    "SF605": Code(
        W,
        "an unused param",
        "Nothing in the type asks for it.",
        bad="""\
meta: {id: params}
params:
  - {id: len, type: u1}
seq:
  - {id: a, type: u1}
""",
        good="""\
meta: {id: params}
params:
  - {id: len, type: u1}
seq:
  - {id: a, size: len}
""",
    ),
    "SF606": Code(
        W,
        "an expression that nothing evaluates",
        "Something else decides; take it away, or it will mislead a reader.",
        bad="""\
meta: {id: fixed}
seq:
  - {id: magic, contents: [1, 2, 3], size: 4}
""",
        good="""\
meta: {id: fixed}
seq:
  - {id: magic, contents: [1, 2, 3]}
""",
    ),
    "SF607": Code(
        W,
        "a terminator of several bytes, which is looked for at multiples of its length only",
        "So the language has it, for characters of two and four bytes; here other bytes may stand before it.",
        bad="""\
meta: {id: messages}
seq:
  - {id: message, terminator: [0x1c, 0x0d]}
""",
        good="""\
meta: {id: messages}
seq:
  - {id: message, type: str, encoding: UTF-16LE, terminator: [0x0d, 0]}
""",
    ),
    "SF608": Code(
        N,
        "a construct that stays Construct",
        "Functions, adapters and classes of your own are Python: Construct runs them, on the bytes of a frame, when "
        "its value is asked for. The frame around them is found as fast as ever.",
        bad="""\
from construct import Byte, ExprAdapter, Struct

frame = Struct(
    "scaled" / ExprAdapter(Byte, lambda obj, context: obj * 10, lambda obj, context: obj // 10),
)
""",
        good="""\
from construct import Byte, Computed, Struct, this

frame = Struct(
    "raw" / Byte,
    "scaled" / Computed(this.raw * 10),
)
""",
    ),
}
