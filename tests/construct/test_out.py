"""The way out: a spec as a Construct module reads and builds what the spec does, or says what is not in it."""

from __future__ import annotations

import ast
from json import dumps
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sigflow.compiler import build
from sigflow.compiler.emit.construct.fields import Fields
from sigflow.compiler.emit.construct.helpers import HELPERS
from sigflow.compiler.emit.construct.names import IMPORTED
from sigflow.generation.carrying import Carried, to_construct
from tests.cli.calls import Call
from tools.check_convert import DIFFERS, PART, UNTESTED, WHOLE, checked

ROOT = Path(__file__).resolve().parent.parent.parent
FRAMES = 40


def carried(text: str, frames: int = FRAMES) -> Carried:
    built = build("a.ksy", data=text.encode())
    assert built.ok, [str(problem) for problem in built.problems]
    return to_construct(built, frames)


# ------------------------------------------------------------ mappings

#: Specs, and a line that their module has.
MAPPINGS = {
    "numbers": (
        "seq: [{id: a, type: u1}, {id: b, type: s2le}, {id: c, type: f8}, {id: d, type: u8}]",
        '"b" / Int16sl,',
    ),
    "keywords": (
        "seq: [{id: class, type: u1}, {id: keys, type: u1}, {id: d, size: class + keys}]",
        '"d" / Bytes(this["class"] + this["keys"]),',
    ),
    "bits": (
        "seq: [{id: a, type: b3}, {id: b, type: b1}, {id: c, type: b9}, {id: n, type: u1}, {id: d, size: a}]",
        '"d" / Bytes(this._bits.a),',
    ),
    "only bits": ("seq: [{id: a, type: b3}, {id: b, type: b13}]", "A = BitStruct("),
    "bits from the lowest on": (
        "seq: [{id: a, type: b3le}, {id: b, type: b13le}, {id: c, type: u1}]",
        '"_bits" / ByteSwapped(',
    ),
    "constants": (
        'seq: [{id: a, contents: "AB"}, {id: b, type: u2, valid: 7}, {id: c, type: u1, valid: {min: 3}}]',
        "Check(this.c >= 3),",
    ),
    "choices of constants": (
        "seq: [{id: a, type: u1, valid: {any-of: [1, 2]}}, {id: b, type: u1, repeat: expr, repeat-expr: a, "
        "valid: {max: 9}}]",
        "Check((this.a == 1) | (this.a == 2)),",
    ),
    "enums": (
        "seq: [{id: k, type: u1, enum: kind}, {id: a, type: u2, if: 'k == kind::b'}]\n"
        "enums: {kind: {0: a, 1: b, 7: self_}}",
        '"a" / If(this.k == "b", Int16ub),',
    ),
    "enum of an instance": (
        "seq: [{id: k, type: u1}]\ninstances: {low: {value: k & 3, enum: kind}}\nenums: {kind: {0: a, 1: b}}",
        '"low" / Computed(lambda this: labelled(this.k & 3, KIND)),',
    ),
    "in an enum": (
        "seq: [{id: k, type: u1, enum: kind, valid: {in-enum: true}}]\nenums: {kind: {0: a, 1: b}}",
        "Check(lambda this: this.k in KIND),",
    ),
    "switch": (
        "seq: [{id: k, type: u1}, {id: v, size: 4, type: {switch-on: k, cases: {1: one, 2: two}}}]\n"
        "types: {one: {seq: [{id: x, type: u4}]}, two: {seq: [{id: y, type: u1}]}}",
        '"v" / Switch(this.k, {1: FixedSized(4, One), 2: FixedSized(4, Two)}, default=Bytes(4)),',
    ),
    "lists": (
        "seq: [{id: n, type: u1}, {id: a, type: u2, repeat: expr, repeat-expr: n}, {id: z, type: u1, repeat: until, "
        "repeat-until: _ == 0}, {id: r, type: u1, repeat: eos}]",
        '"z" / RepeatUntil(obj_ == 0, Int8ub),',
    ),
    "until something else": (
        "seq: [{id: n, type: u1}, {id: z, type: u1, repeat: until, repeat-until: _ == n or _index == 3}]",
        '"z" / RepeatUntil(lambda obj, items, this: obj == this.n or this._index == 3, Int8ub),',
    ),
    "elements that may be empty": (
        "seq: [{id: r, type: part, repeat: eos}]\ntypes: {part: {seq: [{id: n, type: u1, if: not _io.eof}]}}",
        'A = Struct("r" / ToTheEnd(Part))',
    ),
    "texts": (
        "seq: [{id: a, type: strz, encoding: UTF-8}, {id: b, type: str, size: 4, encoding: ASCII, pad-right: 0x20}, "
        "{id: c, type: str, size-eos: true, encoding: UTF-16LE}]",
        '"a" / CString("utf-8"),',
    ),
    "terminators": (
        "seq: [{id: a, terminator: 10}, {id: b, size: 6, terminator: 0, pad-right: 1}, {id: c, terminator: 13, "
        "consume: false}, {id: d, contents: [13]}]",
        '"c" / ParseOnly(NullTerminated(GreedyBytes, term=b"\\r", consume=False)),',
    ),
    "processes": (
        "seq: [{id: a, size: 3, process: xor(0x5f)}, {id: b, size: 3, process: ror(3)}, {id: c, size-eos: true, "
        "process: zlib}]",
        '"b" / FixedSized(3, ProcessRotateLeft(-3, 1, GreedyBytes)),',
    ),
    "around": (
        "seq: [{id: n, type: u1}, {id: p, type: part}]\ntypes:\n  part: {seq: [{id: q, type: inner}]}\n"
        "  inner: {seq: [{id: d, size: _parent._parent.as<a>.n}, {id: e, size: _root.n}]}",
        '"d" / Bytes(this._._.n),',
    ),
    "parameters": (
        "seq: [{id: n, type: u1}, {id: p, type: 'part(n + 1, 2)'}]\ntypes:\n"
        "  part: {params: [{id: x, type: u1}, {id: io, type: u1}], seq: [{id: d, size: x}, {id: e, size: io}]}",
        '"p" / part(this._.n + 1, 2),',
    ),
    "a type in itself": (
        "seq: [{id: n, type: u1}, {id: next, type: a, if: n > 200}]",
        '"next" / If(this.n > 200, LazyBound(lambda: A)),',
    ),
    "instances": (
        "seq: [{id: n, type: u1}, {id: d, size: twice}]\n"
        "instances: {twice: {value: n * 2}, first: {pos: 0, type: u1}, half: {value: 'n > 9 ? n / 2 : 0'}}",
        '"half" / Computed(lambda this: this.n // 2 if this.n > 9 else 0),',
    ),
    "instances in a part": (
        "seq: [{id: n, type: u1}, {id: p, size: 4, type: part}]\n"
        "types: {part: {seq: [{id: x, type: u1}], instances: {y: {pos: x & 1, type: u1}, z: {pos: 0, io: _root._io, "
        "type: u1}, size: {value: _io.size}}}}",
        '"z" / Pointer(0, Int8ub, stream=this._root._io),',
    ),
    "a byte order by the bytes": (
        "meta: {id: b}\nseq: [{id: m, size: 2}, {id: p, type: part}]\ntypes:\n  part:\n    meta:\n      endian:\n"
        "        switch-on: _root.m\n        cases: {'[0x49, 0x49]': le, _: be}\n    seq: [{id: x, type: u2}]",
        '"x" / IfThenElse(this._is_le, Int16ul, Int16ub),',
    ),
}  # fmt: skip


def spec(text: str) -> str:
    return text if text.startswith("meta") else f"meta: {{id: a, endian: be}}\n{text}"


@pytest.mark.parametrize("name", MAPPINGS)
def test_a_module_is_what_people_write_and_reads_the_same(name: str) -> None:
    text, line = MAPPINGS[name]
    there = carried(spec(text))
    assert any(written.lstrip().startswith(line) for written in there.text.splitlines()), there.text
    assert there.whole and there.agreement.frames, (there.lost, there.agreement)


def test_hints_of_a_stream_are_carried_over() -> None:
    text = "meta: {id: one_frame, endian: be}\n-sigflow-stream: {sync: '12', max-frame: 99, checksum: {field: c, algorithm: CRC-8/SMBUS, over: d}}\n"  # noqa: E501
    there = carried(text + "seq: [{id: m, contents: '12'}, {id: d, size: 4}, {id: c, type: u1}]")
    assert there.name == "one_frame" and 'sync=b"12",' in there.text and there.whole, there


# ------------------------------------------------------------ what is lost

PART_OF_A_BYTE = """
seq: [{id: d, type: part, size: 4}]
types: {part: {seq: [{id: n, type: u1}, {id: x, type: b3}, {id: p, type: q}]}, q: {seq: [{id: y, type: b5}]}}
"""
LOST = {
    "seq: [{id: n, type: u1}, {id: d, size: n, process: my.own(1)}]": "'d' is left as bytes: the process 'my.own'",
    PART_OF_A_BYTE: "bit fields that do not end with a byte",
    "seq: [{id: n, type: u1}]\ninstances: {me: {value: _root}}": "an object around it",
    "seq: [{id: n, type: u1, -sigflow-unit: m}]": "the hint '-sigflow-unit'",
    "seq: [{id: n, type: u1}]\ninstances: {deep: {pos: 0, type: a}}": "without end",
}


@pytest.mark.parametrize("text", LOST)
def test_what_is_lost_is_listed_with_its_place(text: str) -> None:
    program = build("a.ksy", data=spec(text).encode(), allow_imports=["my"]).program
    assert program is not None
    written = program.construct()
    places = [place for place, reason in written.lost if LOST[text] in reason]
    assert places and places[0].line >= 2 and places[0].column > 1, written.lost
    ast.parse(written.text)


# ------------------------------------------------------------ text of a spec is no code

CANARY = 'x""" + __import__("os").system("false") + \\""" \\N{BELL} \n\n\' # \u202e \x85 end\\'


def test_text_of_a_spec_is_only_text() -> None:
    doc, other = dumps(CANARY), dumps("_ != " + dumps('a"b\\n'))
    text = f"""
meta: {{id: a, title: {doc}}}
doc: {doc}
seq:
- {{id: lambda, type: u1, enum: e, doc: {doc}}}
- {{id: import, type: u1, doc: {doc}}}
- {{id: s, type: str, size: 1, encoding: ISO-8859-1, valid: {{expr: {other}}}}}
enums:
  e: {{0: {{id: class, doc: {doc}}}, 1: none, 2: import}}
types: {{this: {{seq: [], doc: {doc}}}, struct: {{seq: []}}}}
"""
    there = carried(text)
    assert there.whole, (there.lost, there.agreement)
    tree = ast.parse(there.text)
    assert there.text.isprintable() or all(line.isprintable() for line in there.text.split("\n"))
    imported = {node.names[0].name for node in ast.walk(tree) if isinstance(node, ast.Import)}
    assert imported <= {"sigflow"}
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert called <= IMPORTED | HELPERS.keys() | {"getattr"}


# ------------------------------------------------------------ the command


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.ksy"
    path.write_text("meta: {id: pairs}\nseq: [{id: n, type: u1}, {id: data, size: n}]\n")
    return path


def test_the_command_writes_a_module(source: Path, sigflow: Call) -> None:
    assert sigflow("convert-spec", source, "-o", source.with_suffix(".py")) == (0, "", "")
    back = sigflow("convert-spec", f"{source.with_suffix('.py')}:Pairs", "-o", "-")
    assert back.code == 0 and "- id: data\n  size: n\n" in back.out, back


def test_the_command_lists_what_is_lost(source: Path, sigflow: Call) -> None:
    source.write_text("meta: {id: a}\nseq: [{id: n, type: u1, -sigflow-unit: m}]\n")
    done = sigflow("convert-spec", source, "-o", "-")
    assert done.code == 3 and f"{source}:2:" in done.err and '"n" / Int8ub' in done.out, done


GOOD = "meta: {id: a}\nseq: [{id: b, type: u1}]\n"
USAGES = [
    ("meta: {id: a}\nseq: [{id: a, type: u3}]\n", "a.py", 1),
    ("", "a.py", 1),
    (GOOD, "a.txt", 2),
    (GOOD, "b.ksy", 2),
    (GOOD, "there.py", 2),
    (GOOD + "meta: 1", "a.py", 1),
    ("meta: {id: a}\nparams: [{id: n, type: u1}]\nseq: [{id: b, size: n}]\n", "a.py", 1),
    (None, "a.py", 2),
]


@pytest.mark.parametrize(("text", "output", "code"), USAGES)
def test_wrong_usage(text: str | None, output: str, code: int, tmp_path: Path, sigflow: Call) -> None:
    source = tmp_path / "a.ksy"
    source.mkdir() if text is None else source.write_text(text)  # (a folder is no spec)
    (tmp_path / "there.py").write_text("mine")
    done = sigflow("convert-spec", source, "-o", tmp_path / output)
    assert done.code in ((1, 2) if text is None else (code,)) and done.err, done
    assert (tmp_path / "there.py").read_text() == "mine" and not (tmp_path / "a.py").exists()


def test_nothing_is_written_where_the_result_differs(
    source: Path, sigflow: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fields, "_plain_number", lambda fields, wire: "Int8sb")
    done = sigflow("convert-spec", source, "-o", source.with_suffix(".py"))
    assert done.code == 1 and "differs" in done.err and not source.with_suffix(".py").exists(), done


def test_a_difference_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Fields._plain_number

    def wrong(fields: Fields, wire: Any) -> Any:
        code = plain(fields, wire)
        return "Int16ul" if code == "Int16ub" else code

    monkeypatch.setattr(Fields, "_plain_number", wrong)
    there = carried(spec("seq: [{id: p, type: part}]\ntypes: {part: {seq: [{id: x, type: u2}]}}"))
    assert not there.whole and ".p.x: " in there.agreement.difference, there.agreement


# ------------------------------------------------------------ there and back


def share() -> list[Path]:
    """The bundled formats, and some of the specs of the tests."""
    others = sorted((*ROOT.glob("tests/specs/*.ksy"), *ROOT.glob("tests/compiler/mini/*.ksy")))
    return [*sorted(ROOT.glob("formats/*.ksy")), *Random(11).sample(others, 10)]


@pytest.mark.parametrize("path", share(), ids=lambda path: path.stem)
def test_there_and_back(path: Path) -> None:
    outcome = checked(path, frames=12)
    assert DIFFERS not in (outcome.there, outcome.back), outcome
    if outcome.there == PART:
        assert outcome.reasons
    assert outcome.there != WHOLE or outcome.back in (WHOLE, PART, UNTESTED), outcome
