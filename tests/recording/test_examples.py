"""The examples of a spec: those of every bundled format hold, and what does not hold is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigflow.errors import SpecError
from sigflow.recording.examples import Suite, run

ROOT = Path(__file__).resolve().parents[2]
FORMATS = sorted((ROOT / "formats").glob("*.ksy"))

#: A spec without `-sigflow-stream`: one file.
FILE = """\
meta: {id: mine, endian: be}
-sigflow-examples:
  - hex: 02 0102 0304 7f c0000000 00
    expect: EXPECT
seq:
  - {id: len_items, type: u1}
  - {id: items, type: item, repeat: expr, repeat-expr: len_items}
  - {id: level, type: s1, if: len_items > 5}
  - {id: kind, type: u1, enum: kind}
  - {id: ratio, type: f4}
  - {id: rest, size-eos: true}
instances:
  first: {value: 'items[0].a'}
  broken: {value: 'items[7].a'}
  known: {value: len_items == 2}
  text: {value: '"31"'}
types:
  item: {seq: [{id: a, type: u1}, {id: b, type: u1}]}
enums:
  kind: {0x7f: none, 1: one}
"""

HOLDS = [
    "{len_items: 2, 'items[1].a': 3, first: 1, known: true, text: '31', level: null, ratio: -2.0, rest: 00}",
    "{kind: none}",
    "{kind: 'kind::none'}",
    "{kind: 127}",
    "{items: [{a: 1, b: 0x2}, {a: 3}]}",
    "{}",
]
FAILS = [
    # (what is expected, the message)
    ("{len_items: '2'}", "len_items: found 2, wanted '2'"),
    ("{len_items: true}", "len_items: found 2, wanted true"),
    ("{known: 1}", "known: found true, wanted 1"),
    ("{text: 31}", "text: found '31', wanted 31"),
    ("{level: 0}", "level: found null, wanted 0"),
    ("{kind: one}", "kind: found none (127), wanted one"),
    ("{kind: 'other::none'}", "kind: found none (127), wanted 'other::none'"),
    ("{ratio: -2.5}", "ratio: found -2.0, wanted -2.5"),
    ("{rest: 01}", "rest: found the bytes 00, wanted 01"),
    ("{items: [1]}", "items: found 2 elements, wanted a list of 1"),
    ("{items: [{a: 1}, {b: 5}]}", "items[1]: b: found 4, wanted 5"),
    ("{items: 3}", "items: found a list of 2, wanted 3"),
    ("{'items[2].a': 3}", "items has 2 elements, wanted the one at 2"),
    ("{'first[0]': 3}", "first is no list, found 1"),
    ("{'items[0].c': 3}", "unknown field 'c' of items[0]"),
    ("{lne_items: 3}", "unknown field 'lne_items' of the frame, did you mean 'len_items'?"),
    ("{broken: 3}", "broken: IndexError"),
    (f"{{'items[{'9' * 900}]': 3}}", "expected a field path such as items[0].x, got 'items[999"),
    ("{_io: 3}", "unknown field '_io' of the frame"),
    ("[1]", "expect is a map of field paths to values, got a list of 1"),
]


def spec(folder: Path, text: str) -> Path:
    path = folder / "mine.ksy"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", FORMATS, ids=lambda path: path.stem)
def test_examples_of_a_bundled_format_hold(path: Path) -> None:
    assert Suite(path).examples
    assert run(path) == []


@pytest.mark.parametrize("expect", HOLDS)
def test_what_holds(expect: str, tmp_path: Path) -> None:
    assert run(spec(tmp_path, FILE.replace("EXPECT", expect))) == []


@pytest.mark.parametrize(("expect", "message"), FAILS)
def test_what_does_not_hold(expect: str, message: str, tmp_path: Path) -> None:
    path = spec(tmp_path, FILE.replace("EXPECT", expect))
    (failure,) = run(path)
    assert failure.message.startswith(message)
    assert (failure.file, failure.line) == (str(path), 4)
    assert failure.column == (13 if expect.startswith("[") else 14)
    assert str(failure) == f"{path}:4:{failure.column}: {failure.message}"


EXAMPLES = [
    # (the examples as written, the messages)
    ("{hex: '0141'}", []),
    (
        "[{hex: '0141'}, {hex: '0241'}]",
        ["an example is exactly one mine frame: its length is 3, the example has 2 byt"],
    ),
    ("[{hex: 014142}]", ["an example is exactly one mine frame: its length is 2, the example has 3 bytes"]),
    (
        "[{hex: ''}]",
        ["an example is exactly one mine frame: its length cannot be told, it is cut, the example has 0 by"],
    ),
    ("[{hex: 014}, {hex: }, {hex: [1]}]", ["expected pairs of hexadecimal digits"] * 3),
    (
        "[7, [1]]",
        ["an example is a map with hex and expect, got 7", "an example is a map with hex and expect, got a l"],
    ),
    (
        "[{hex: '0141', expct: {n: 1}}]",
        ["unknown key 'expct' of an example, expected: hex, expect, did you mean 'expe"],
    ),
    ("[{}]", ["an example needs `hex`, its bytes"]),
]


@pytest.mark.parametrize(("written", "messages"), EXAMPLES)
def test_an_example_of_a_stream_without_a_checksum(written: str, messages: list[str], tmp_path: Path) -> None:
    text = f"meta: {{id: mine}}\n-sigflow-examples: {written}\n-sigflow-stream: {{max-frame: 64}}\n"
    findings = run(spec(tmp_path, text + "seq:\n  - {id: n, type: u1, valid: {max: 9}}\n  - {id: body, size: n}\n"))
    assert [failure.message[: len(message)] for failure, message in zip(findings, messages, strict=True)] == messages


def test_examples_of_types(tmp_path: Path) -> None:
    text = """\
meta: {id: mine}
-sigflow-stream: {unit: frame, confirm: {chain: 8}}
seq: [{id: frames, type: frame, repeat: eos}, {id: other, type: part(1)}]
types:
  frame:
    -sigflow-examples: [{hex: 4102, expect: {n.a: 2}}, {hex: '41'}]
    seq: [{id: magic, contents: A}, {id: n, type: inner}]
    types:
      inner:
        -sigflow-examples: [{hex: '05', expect: {a: 5}}, {hex: '', expect: {a: 5}}]
        seq: [{id: a, type: u1}]
  part:
    -sigflow-examples: [{hex: '05'}]
    params: [{id: x, type: u1}]
    seq: [{id: a, size: x}]
"""
    suite = Suite(spec(tmp_path, text))
    assert [example.name for example in suite.examples] == [
        "frame, example 0", "frame, example 1", "part, example 0",
        "frame::inner, example 0", "frame::inner, example 1",
    ]  # fmt: skip
    told = [[failure.message for failure in suite.failures(example)] for example in suite.examples]
    assert [len(messages) for messages in told] == [0, 1, 1, 0, 1]
    assert "its length cannot be told" in told[1][0]
    assert told[2] == ["the type 'part' takes 1 argument: its examples cannot be parsed"]
    assert told[4][0].startswith("frame::inner: EOFError") or "EndOfStream" in told[4][0]


def test_a_spec_that_does_not_compile(tmp_path: Path) -> None:
    with pytest.raises(SpecError):
        run(spec(tmp_path, "meta: {id: mine}\n-sigflow-examples: [{hex: ''}]\nseq: [{id: a, type: nothing}]\n"))
