"""SF2xx: names: what is declared twice, what is named and not there."""

from __future__ import annotations

from sigflow.compiler.codes.code import Code, E, W

CODES = {
    "SF201": Code(
        E,
        "an ID used twice in a type",
        "Fields, instances and params of a type share their names.",
        bad="""\
meta: {id: twice}
seq:
  - {id: a, type: u1}
  - {id: a, type: u1}
""",
        good="""\
meta: {id: once}
seq:
  - {id: a, type: u1}
  - {id: b, type: u1}
""",
    ),
    "SF202": Code(
        E,
        "a member used twice in an enum",
        "Two values of one name could not be told apart.",
        bad="""\
meta: {id: colors}
enums:
  color: {0: red, 1: red}
""",
        good="""\
meta: {id: colors}
enums:
  color: {0: red, 1: dark_red}
""",
    ),
    "SF203": Code(
        E,
        "an unknown field",
        (
            "Expressions see the fields, instances and params of their own type, and through `_parent` and "
            "`_root` those of others."
        ),
        bad="""\
meta: {id: sizes}
seq:
  - {id: len_body, type: u1}
  - {id: body, size: len_bdoy}
""",
        good="""\
meta: {id: sizes}
seq:
  - {id: len_body, type: u1}
  - {id: body, size: len_body}
""",
    ),
    "SF204": Code(
        E,
        "an unknown type",
        "Types are looked for here, then outwards, then among the imports.",
        bad="""\
meta: {id: typed}
seq:
  - {id: head, type: heder}
types:
  header: {seq: [{id: a, type: u1}]}
""",
        good="""\
meta: {id: typed}
seq:
  - {id: head, type: header}
types:
  header: {seq: [{id: a, type: u1}]}
""",
    ),
    "SF205": Code(
        E,
        "an unknown enum",
        "Enums are looked for here, then outwards; one of another type is written `type::enum`.",
        bad="""\
meta: {id: colors}
seq:
  - {id: a, type: u1, enum: colour}
enums:
  color: {0: red}
""",
        good="""\
meta: {id: colors}
seq:
  - {id: a, type: u1, enum: color}
enums:
  color: {0: red}
""",
    ),
    "SF206": Code(
        E,
        "an enum on something that is no integer",
        "Only integers and bit fields have names for their values.",
        bad="""\
meta: {id: colors}
instances:
  a: {value: 1.5, enum: color}
enums:
  color: {1: red}
""",
        good="""\
meta: {id: colors}
instances:
  a: {value: 1, enum: color}
enums:
  color: {1: red}
""",
    ),
    "SF207": Code(
        E,
        "an unknown member of an enum",
        "The enum has no value of this name.",
        bad="""\
meta: {id: colors}
instances:
  a: {value: 'color::rde'}
enums:
  color: {1: red}
""",
        good="""\
meta: {id: colors}
instances:
  a: {value: 'color::red'}
enums:
  color: {1: red}
""",
    ),
    "SF208": Code(
        E,
        "two specs with one ID",
        "Both would become the same module.",
        bad="""\
meta: {id: header, imports: [header]}
""",
        good="""\
meta: {id: main, imports: [header]}
""",
    ),
    "SF209": Code(
        E,
        "an unknown import",
        (
            "An import is looked for beside the spec, then under the import paths (`-I`); one that begins "
            "with `/` only under these."
        ),
        bad="""\
meta: {id: main, imports: [haeder]}
""",
        good="""\
meta: {id: main, imports: [header]}
""",
    ),
    "SF210": Code(
        W,
        "an ID that a module cannot have",
        "Python has a module of this name: one would hide the other, so the parser is written under another name.",
        bad="""\
meta: {id: struct}
""",
        good="""\
meta: {id: structure}
""",
    ),
}
