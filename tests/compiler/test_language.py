"""What names and rules of the language mean where they are easily got wrong, each on a small spec of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sigflow.compiler import build
from sigflow.compiler.phases import Build
from sigflow.diagnostics import Severity

Builder = Callable[..., Build]


@pytest.fixture
def built(tmp_path: Path) -> Builder:
    def make(text: str, **options: Any) -> Build:
        path = tmp_path / "x.ksy"
        path.write_text(text, encoding="utf-8")
        return build(path, **options)

    return make


def codes(result: Build, *severities: Severity) -> list[str]:
    return [problem.code for problem in result.problems if not severities or problem.severity in severities]


def parsed(result: Build, data: bytes) -> Any:
    assert result.ok, result.problems
    return result.load().X.from_bytes(data)


# ---------------------------------------------------------------- types that are called almost as a built-in one

ALMOST = ["f6", "u3", "s3", "f16", "f1", "f2", "u1le", "s1be", "u16", "b0", "b65", "b1x", "b007", "f80le"]


@pytest.mark.parametrize("name", ALMOST)
def test_a_type_called_almost_as_a_built_in_one(name: str, built: Builder) -> None:
    result = built(
        f"meta: {{id: x, endian: le}}\nseq:\n  - {{id: a, type: {name}(3)}}\n  - {{id: b, type: {name}(1), size: 2}}\n"
        f"  - {{id: c, type: {{switch-on: a.n, cases: {{3: {name}(2)}}}}}}\n  - {{id: d, type: other(b)}}\n"
        f"types:\n  {name}:\n    params: [{{id: n, type: u1}}]\n    seq: [{{id: v, type: u1}}]\n"
        f"  other:\n    params: [{{id: p, type: {name}}}]\n    seq: [{{id: w, size: p.v}}]\n"
        f"instances:\n  cast: {{value: c.as<{name}>.v + sizeof<{name}> + bitsizeof<{name}>}}\n"
    )
    x = parsed(result, b"\x05\x02\x00\x07ab")
    assert (x.a.v, x.b.v, x.c.v, x.d.w, x.cast) == (5, 2, 7, b"ab", 7 + 1 + 8)


@pytest.mark.parametrize("name", ALMOST)
def test_and_is_unknown_where_no_one_defines_it(name: str, built: Builder) -> None:
    result = built(f"meta: {{id: x, endian: le}}\nseq:\n  - {{id: a, type: {name}}}\n", opaque_types=name != "b1x")
    assert codes(result) == ["SF402" if name == "b65" else "SF204"]


# ---------------------------------------------------------------- sizes of types

SIZES = {
    "a type beside an instance of its name": (
        "instances:\n  footer: {pos: ofs_footer, type: footer}\n"
        "  ofs_footer: {value: '_io.size - sizeof<magic> - sizeof<footer>'}\n",
        lambda x: x.footer.a == 0x0403,
    ),
    "an instance that is as large as its type": (
        "instances:\n  footer: {pos: sizeof<footer>, size: sizeof<footer>, type: footer}\n",
        lambda x: x.footer.a == 0x0302,
    ),
    "a value called as a type": (
        "instances:\n  footer: {value: sizeof<footer> + sizeof<magic>, if: sizeof<footer> > 1}\n",
        lambda x: x.footer == 3,
    ),
    "the size of an instance, which needs no reading": (
        "instances:\n  footer: {pos: ofs_footer, type: footer}\n  ofs_footer: {value: _io.size - footer._sizeof - 2}\n",
        lambda x: x.footer.a == 0x0302,
    ),
    "an instance's own": (
        "instances:\n  footer: {pos: footer._sizeof, type: footer}\n",
        lambda x: x.footer.a == 0x0302,
    ),
    "numbers": (
        "instances:\n  footer:\n    value: sizeof<footer> + 10 * sizeof<f8> + 100 * bitsizeof<b3le>\n",
        lambda x: x.footer == 2 + 80 + 300,
    ),
}


@pytest.mark.parametrize("name", SIZES)
def test_a_size_is_of_the_type(name: str, built: Builder) -> None:
    instances, holds = SIZES[name]
    types = "types:\n  magic: {seq: [{id: m, type: u1}]}\n  footer: {seq: [{id: a, type: u2}]}\n"
    result = built(f"meta: {{id: x, endian: le}}\n{instances}{types}seq: [{{id: used, type: magic}}]\n")
    assert not codes(result, Severity.ERROR), result.problems
    assert not any("footer" in problem.message for problem in result.problems), "a type whose size is asked for is used"
    assert holds(parsed(result, b"\0\1\2\3\4\5"))


LOG = """\
meta: {id: x, endian: le, file-extension: log}
seq:
  - {id: header_magic, type: magic}
  - {id: records, type: record, repeat: until, repeat-until: '_.op == opcode::footer'}
  - {id: footer_magic, type: magic}
instances:
  footer: {pos: ofs_footer, type: record, size-eos: true}
  ofs_footer:
    value: |
      _io.size
      - sizeof<record_prefix>
      - sizeof<footer>
      - sizeof<magic>
enums:
  opcode: {1: {id: message, -orig-id: MESSAGE}, 2: footer, 3: attachment}
types:
  magic: {seq: [{id: magic, contents: [0x89, LOG, 0x0a]}]}
  record_prefix:
    -webide-representation: '{op}'
    seq: [{id: op, type: u1, enum: opcode}, {id: len_body, type: u4}]
  record:
    seq:
      - {id: op, type: u1, enum: opcode}
      - {id: len_body, type: u4}
      - id: body
        size: len_body
        type:
          switch-on: op
          cases:
            opcode::message: message
            'opcode::footer': footer
            opcode::attachment: attachment
  message: {seq: [{id: channel_id, type: u2}, {id: data, size-eos: true}]}
  attachment:
    seq:
      - {id: len_data, type: u1}
      - {id: data, size: len_data}
      - {id: invoke_crc_input_end, size: 0, if: crc_input_end >= 0}
      - {id: crc, type: u4}
    instances:
      crc_input_end: {value: _io.pos}
      crc_input: {pos: 0, size: crc_input_end}
  footer:
    seq: [{id: ofs_summary, type: u4}, {id: summary_crc, type: u4}]
    instances:
      summary: {io: _root._io, pos: ofs_summary, size: len_summary, if: ofs_summary != 0, type: summary}
      len_summary: {value: _root.ofs_footer - ofs_summary}
      summary_crc_input:
        io: _root._io
        pos: 'ofs_summary != 0 ? ofs_summary : _root.ofs_footer'
        size: _root._io.size - ofs_summary - sizeof<magic> - summary_crc._sizeof
  summary: {seq: [{id: records, type: record, repeat: eos}]}
"""


def test_a_log_with_a_footer_that_is_found_from_its_end(built: Builder) -> None:
    def record(op: int, body: bytes) -> bytes:
        return bytes((op,)) + len(body).to_bytes(4, "little") + body

    magic, attachment = b"\x89LOG\n", record(3, b"\2xyCCCC")
    head = magic + record(1, b"\1\0abc") + attachment
    data = head + record(1, b"\2\0d") + record(2, len(head).to_bytes(4, "little") + b"CRC!") + magic
    result = built(LOG)
    assert not result.problems
    x = parsed(result, data)
    assert [entry.op.name for entry in x.records] == ["message", "attachment", "message", "footer"]
    assert x.ofs_footer == len(data) - 5 - 8 - 5 and x.footer.body.ofs_summary == len(head)
    assert x.footer.body.summary.records[0].body.data == b"d"
    assert x.footer.body.summary_crc_input == data[len(head) : -9]
    assert x.records[1].body.crc_input == b"\2xy"


def test_an_instance_that_really_needs_itself(built: Builder) -> None:
    result = built(
        "meta: {id: x, endian: le}\ninstances:\n  footer: {pos: ofs_footer, type: footer}\n"
        "  ofs_footer: {value: footer.a - footer._sizeof}\ntypes:\n  footer: {seq: [{id: a, type: u2}]}\n"
    )
    assert codes(result) == ["SF303"]


# ---------------------------------------------------------------- _parent

ITEM = "  item:\n    seq: [{id: body, size: _parent.n}]\n    instances: {more: {value: _parent.n + 1}}\n"
#: (fields of the root, more types): in each `item` has one kind of parent only.
ONE_PARENT = {
    "one use": ("", ""),
    "another without a parent": ("  - {id: b, type: item, parent: false, if: false}\n", ""),
    "where no condition holds": ("", "  odd: {seq: [{id: it, type: item, if: 1 > 2}]}\n"),
    "where nothing is repeated": ("", "  odd: {seq: [{id: it, type: item, repeat: expr, repeat-expr: 4 - 4}]}\n"),
    "in a case that never comes": (
        "",
        "  odd: {seq: [{id: it, type: {switch-on: 1 + 1, cases: {1: item, 2: even, _: item}}}]}\n  even: {doc: a}\n",
    ),
    "handed on by a type that another, which nothing is of, holds too": (
        "  - {id: w, type: wrap, if: n == 9}\n",
        "  wrap: {seq: [{id: it, type: item, parent: _parent}]}\n  odd: {seq: [{id: w, type: wrap}]}\n",
    ),
    "by way of another": (
        "  - {id: w, type: wrap, if: false}\n",
        "  wrap: {seq: [{id: it, type: item, parent: _parent}]}\n",
    ),
}


@pytest.mark.parametrize("name", ONE_PARENT)
def test_the_parent_is_where_a_type_is_used(name: str, built: Builder) -> None:
    fields, types = ONE_PARENT[name]
    result = built(
        "meta: {id: x, endian: le}\nseq:\n  - {id: n, type: u1}\n  - {id: a, type: item}\n"
        f"{fields}types:\n{ITEM}{types}"
    )
    assert not codes(result, Severity.ERROR), result.problems
    assert (x := parsed(result, b"\2ab")).a.body == b"ab" and x.a.more == 3


TWO_PARENTS = {
    "a type that nothing is of": ("", "  odd: {seq: [{id: n, type: f4}, {id: it, type: item}]}\n", ""),
    "two types": ("  - {id: w, type: wrap}\n", "  wrap: {seq: [{id: n, type: u1}, {id: it, type: item}]}\n", ""),
    "an instance": (
        "",
        "  wrap: {seq: [{id: n, type: u1}, {id: it, type: item}]}\n",
        "instances: {w: {pos: 0, type: wrap}}\n",
    ),
    "the type of a codec": (
        "  - {id: p, size: 1, -sigflow-codec: [{name: wrap}]}\n",
        "  wrap: {seq: [{id: n, type: u1}, {id: it, type: item}]}\n",
        "-sigflow-stream: {max-frame: 9, confirm: {chain: 9}}\n",
    ),
}


@pytest.mark.parametrize("name", TWO_PARENTS)
def test_of_two_parents_neither_is_meant(name: str, built: Builder) -> None:
    fields, types, more = TWO_PARENTS[name]
    result = built(
        "meta: {id: x, endian: le}\nseq:\n  - {id: m, contents: [1, 2, 3]}\n  - {id: n, type: u1}\n"
        f"  - {{id: a, type: item}}\n{fields}types:\n{ITEM}{types}{more}"
    )
    assert codes(result, Severity.ERROR) == ["SF305", "SF305"], result.problems


def test_no_parent_at_all(built: Builder) -> None:
    result = built(
        "meta: {id: x, endian: le}\nseq:\n  - {id: n, type: u1}\n  - {id: a, type: item, parent: false}\n"
        f"types:\n{ITEM}"
    )
    assert codes(result) == ["SF305", "SF305"], result.problems


# ---------------------------------------------------------------- what holds itself without end

RING = "types:\n  rec: {seq: [{id: v, type: u1}, {id: next, type: rec}]}\n"
#: (the rest of the spec, whether its root cannot be read)
RINGS = {
    "at once": ("seq: [{id: a, type: rec}]\n", True),
    "by way of another type": ("seq: [{id: a, type: one}]\n", True),
    "in a list of some": ("seq: [{id: a, type: rec, repeat: expr, repeat-expr: 2}]\n", True),
    "sized": ("seq: [{id: a, type: rec, size: 2}]\n", True),
    "under a condition": ("seq: [{id: n, type: u1}, {id: a, type: rec, if: n == 9}]\n", False),
    "in a list of as many as there are": (
        "seq: [{id: n, type: u1}, {id: a, type: rec, repeat: expr, repeat-expr: n - 5}]\n",
        False,
    ),
    "in a case": ("seq: [{id: n, type: u1}, {id: a, type: {switch-on: n, cases: {9: rec}}}]\n", False),
    "an instance": ("seq: [{id: n, type: u1}]\ninstances: {a: {pos: 0, type: rec}}\n", False),
    "an instance of another type": ("seq: [{id: n, type: two}]\n", False),
    "used by nothing": ("seq: [{id: n, type: u1}]\n", False),
    "a sized field of a frame": (
        "-sigflow-stream: {confirm: {chain: 9}}\nseq: [{id: n, contents: [5]}, {id: a, type: rec, size: 2}]\n",
        False,
    ),
    "a field of a frame": (
        "-sigflow-stream: {confirm: {chain: 9}}\nseq: [{id: n, contents: [5]}, {id: a, type: rec}]\n",
        True,
    ),
}
MORE_TYPES = (
    "  one: {seq: [{id: a, type: rec}]}\n  two: {seq: [{id: v, type: u1}], instances: {a: {pos: 0, type: rec}}}\n"
)


@pytest.mark.parametrize("name", RINGS)
def test_a_type_that_holds_itself_without_end(name: str, built: Builder) -> None:
    text, fatal = RINGS[name]
    result = built(f"meta: {{id: x, endian: le}}\n{text}{RING}{MORE_TYPES}")
    assert codes(result, Severity.ERROR) == (["SF409"] if fatal else []), result.problems
    if not fatal:
        assert "SF410" in codes(result)
        n = result.load().X.from_bytes(b"\5ab").n if "-sigflow" not in text else 5
        assert n in (5, b"\5") or n.v == 5


# ---------------------------------------------------------------- expressions that no one evaluates

IDLE = {
    "a size beside contents": "  - {id: a, contents: [1, 2], size: 7}\n",
    "one below zero": "  - {id: a, contents: [1, 2], size: -7}\n",
    "one of a field that is not there": "  - {id: a, contents: [1, 2], size: nothing}\n",
    "one of another kind": "  - {id: a, contents: [1, 2], size: \"'text'\"}\n",
    "a size beside numbers": "  - {id: a, type: {switch-on: 1, cases: {1: u2, _: u4}}, size: 7}\n",
    "a parent of bytes": "  - {id: a, size: 2, parent: _root}\n",
}


@pytest.mark.parametrize("name", IDLE)
def test_an_expression_that_no_one_evaluates(name: str, built: Builder) -> None:
    result = built(f"meta: {{id: x, endian: le}}\nseq:\n{IDLE[name]}  - {{id: b, type: u1}}\n")
    assert codes(result) == ["SF606"], result.problems
    assert parsed(result, b"\1\2\3").b == 3


def test_an_instance_whose_size_no_one_evaluates(built: Builder) -> None:
    result = built("meta: {id: x}\ninstances: {a: {pos: 0, contents: [1, 2], size: a.length}}\n")
    assert codes(result) == ["SF606"] and parsed(result, b"\1\2").a == b"\1\2"
