"""SF3xx: expressions, types and arguments."""

from __future__ import annotations

from sigflow.compiler.codes.code import Code, E, W

CODES = {
    "SF301": Code(
        E,
        "not an expression",
        "The place is the first letter that does not fit.",
        bad="""\
meta: {id: conditions}
seq:
  - {id: a, type: u1}
  - {id: b, type: u1, if: a == 1 && a == 2}
""",
        good="""\
meta: {id: conditions}
seq:
  - {id: a, type: u1}
  - {id: b, type: u1, if: a == 1 and a == 2}
""",
    ),
    "SF302": Code(
        E,
        "not a type name",
        "A type is a name, a path `a::b`, or one with arguments; a list is made with `repeat`.",
        bad="""\
meta: {id: lists}
seq:
  - {id: a, type: 'u1[]'}
""",
        good="""\
meta: {id: lists}
seq:
  - {id: a, type: u1, repeat: eos}
""",
    ),
    "SF303": Code(
        E,
        "an instance that needs itself",
        "Following the names leads back to where it began.",
        bad="""\
meta: {id: circular}
instances:
  a: {value: b + 1}
  b: {value: a - 1}
""",
        good="""\
meta: {id: straight}
instances:
  a: {value: b + 1}
  b: {value: 1}
""",
    ),
    "SF304": Code(
        E,
        "an f-string with something that has no text",
        "Integers and strings have a text; a boolean or a number with a point must be turned into one of them.",
        bad="""\
meta: {id: texts}
instances:
  a: {value: 'f"it is {1 == 1}"'}
""",
        good="""\
meta: {id: texts}
instances:
  a: {value: 'f"it is {(1 == 1).to_i}"'}
""",
    ),
    "SF305": Code(
        E,
        "an unknown method",
        "Each kind of value has its own methods.",
        bad="""\
meta: {id: methods}
seq:
  - {id: a, size: 3}
instances:
  b: {value: a.lenght}
""",
        good="""\
meta: {id: methods}
seq:
  - {id: a, size: 3}
instances:
  b: {value: a.length}
""",
    ),
    "SF306": Code(
        E,
        "a wrong number of arguments of a method",
        "`substring` takes where to begin and where to end.",
        bad="""\
meta: {id: methods}
instances:
  a: {value: '"abc".substring(1)'}
""",
        good="""\
meta: {id: methods}
instances:
  a: {value: '"abc".substring(1, 3)'}
""",
    ),
    "SF307": Code(
        E,
        "a wrong argument of a method or an index",
        "An index is an integer; the encoding of `to_s` and `to_b` is a literal string.",
        bad="""\
meta: {id: indexed}
seq:
  - {id: a, size: 3}
instances:
  b: {value: 'a["x"]'}
""",
        good="""\
meta: {id: indexed}
seq:
  - {id: a, size: 3}
instances:
  b: {value: 'a[0]'}
""",
    ),
    "SF308": Code(
        E,
        "an operator on types it does not take",
        "Nothing is converted silently: use `to_s`, `to_i` and comparisons.",
        bad="""\
meta: {id: sums}
seq:
  - {id: a, type: u1}
instances:
  b: {value: a + " bytes"}
""",
        good="""\
meta: {id: sums}
seq:
  - {id: a, type: u1}
instances:
  b: {value: a.to_s + " bytes"}
""",
    ),
    "SF309": Code(
        E,
        "a comparison of types that do not compare",
        "Both sides, a `valid` and its field, or a case and its switch are of one kind.",
        bad="""\
meta: {id: compared}
seq:
  - {id: a, type: u1}
  - {id: b, type: u1, if: a == "x"}
""",
        good="""\
meta: {id: compared}
seq:
  - {id: a, type: u1}
  - {id: b, type: u1, if: a == 0x78}
""",
    ),
    "SF310": Code(
        E,
        "an expression of the wrong type",
        "A size is an integer, an `if` a boolean, an `io` a stream.",
        bad="""\
meta: {id: conditions}
seq:
  - {id: a, type: u1}
  - {id: b, type: u1, if: a}
""",
        good="""\
meta: {id: conditions}
seq:
  - {id: a, type: u1}
  - {id: b, type: u1, if: a != 0}
""",
    ),
    "SF311": Code(
        E,
        "a wrong number of arguments of a type",
        "A type is given as many arguments as it has params.",
        bad="""\
meta: {id: called}
seq:
  - {id: a, type: item}
types:
  item:
    params: [{id: len, type: u1}]
    seq: [{id: b, size: len}]
""",
        good="""\
meta: {id: called}
seq:
  - {id: a, type: item(3)}
types:
  item:
    params: [{id: len, type: u1}]
    seq: [{id: b, size: len}]
""",
    ),
    "SF312": Code(
        E,
        "an argument of the wrong type",
        "The message says which param wants what.",
        bad="""\
meta: {id: called}
seq:
  - {id: a, type: 'item("3")'}
types:
  item:
    params: [{id: len, type: u1}]
    seq: [{id: b, size: len}]
""",
        good="""\
meta: {id: called}
seq:
  - {id: a, type: item(3)}
types:
  item:
    params: [{id: len, type: u1}]
    seq: [{id: b, size: len}]
""",
    ),
    "SF313": Code(
        E,
        "wrong arguments of a process",
        "`xor` takes an integer or bytes, `rol` and `ror` an integer, `zlib` nothing.",
        bad="""\
meta: {id: processed}
seq:
  - {id: a, size: 4, process: rol("x")}
""",
        good="""\
meta: {id: processed}
seq:
  - {id: a, size: 4, process: rol(3)}
""",
    ),
    "SF314": Code(
        W,
        "a custom process, or a codec, that was not allowed",
        (
            "A process of your own, and a codec that is named by its module (`my_codecs:Inner`), are Python code. The "
            "parser is made, but not loaded unless `--allow-import` (or `allow_imports`) says so."
        ),
        bad="""\
meta: {id: processed}
seq:
  - {id: a, size: 4, process: my_codecs.scramble(3)}
""",
        good="""\
meta: {id: processed}
seq:
  - {id: a, size: 4, process: xor(3)}
""",
    ),
    "SF315": Code(
        W,
        "an opaque type that was not allowed",
        "An opaque type is Python code of yours. The parser is made, but not loaded unless `--opaque-types` says so.",
        bad="""\
meta: {id: opaque, ks-opaque-types: true}
seq:
  - {id: a, type: my_type}
""",
        good="""\
meta: {id: plain}
seq:
  - {id: a, type: my_type}
types:
  my_type: {seq: [{id: b, type: u1}]}
""",
    ),
}
