"""What stands once around the frames of a file: the preamble and trailer of a spec, and units that depend on them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sigflow.runtime import Envelope, Measured, Window, maybe_advance
from sigflow.runtime.box import BOX_PARAMETERS, BOX_SIZE
from sigflow.runtime.envelope import bound
from tests.compiler.test_native_measure import load

FILE = """\
meta: {id: file, endian: be}
-sigflow-stream: {unit: entry, preamble: true, trailer: true, max-preamble: 4096}
seq:
  - {id: magic, contents: FILE}
  - {id: head, type: head}
  - {id: entries, type: entry, repeat: until, repeat-until: _.kind == 0}
  - {id: end, contents: END}
  - {id: count, type: u4}
types:
  head:
    meta: {endian: {switch-on: order, cases: {1: le, _: be}}}
    seq:
      - {id: order_again, type: order}
      - {id: most, type: u2}
      - {id: tagged, type: b1}
      - {id: rest, type: b7}
      - {id: len_name, type: u1}
      - {id: name, size: len_name}
    instances:
      order: {value: _root.magic.length - 3}
  order: {seq: [{id: code, type: u1}]}
  entry:
    seq:
      - {id: kind, type: u1, valid: {max: 3}}
      - {id: len_body, type: u2, valid: {max: _root.head.most}}
      - {id: tag, type: u1, if: _parent.as<file>.head.tagged}
      - {id: body, size: len_body}
"""


def head(most: int, tagged: bool) -> bytes:
    return b"FILE\0" + struct.pack("<HBB", most, 0x80 * tagged, 3) + b"abc"


def measured(envelope: Envelope, data: bytes) -> Measured | str | None:
    return maybe_advance(envelope.measure.incremental(Window(data, 0, len(data), 4096)), envelope.measure.reasons)


@pytest.fixture
def envelope(tmp_path: Path) -> Envelope:
    return load(tmp_path / "file.ksy", FILE)


def test_a_preamble_and_a_trailer_are_formats_of_their_own(envelope: Envelope) -> None:
    around = envelope.around
    assert around is not None and around.preamble is not None and around.trailer is not None and around.needed
    assert [part.about.name for part in (around.preamble, around.trailer)] == ["file:preamble", "file:trailer"]
    assert [part.search.role for part in (around.preamble, around.trailer, envelope)] == [
        "preamble", "trailer", "frames"
    ]  # fmt: skip
    assert around.preamble.search.sync == (b"FILE",) and around.trailer.search.sync == (b"END",)
    assert around.preamble.search.header_bits == 32 and around.preamble.search.max_frame == 4096
    data = head(9, True)
    whole = measured(around.preamble, data + b"more")
    assert isinstance(whole, Measured) and whole.length == len(data)
    for cut in range(len(data)):
        got = measured(around.preamble, data[:cut])
        assert got is None or (isinstance(got, Measured) and got.length == len(data))  # (a name is passed over)
    root = around.preamble.decode.parse(data, None)
    assert root.head.most == 9 and root.head.tagged and root.head.name == b"abc" and not hasattr(root, "entries")
    assert root._FIELDS == ("magic", "head") and around.trailer.decode.parse(b"END\0\0\0\2", None).count == 2
    assert measured(around.preamble, b"FILL" + data[4:]) == "contents"


@pytest.mark.parametrize("tagged", [False, True])
def test_units_depend_on_the_preamble_that_they_are_bound_to(envelope: Envelope, tagged: bool) -> None:
    around = envelope.around
    assert around is not None and around.preamble is not None
    root = around.preamble.decode.parse(head(2, tagged), None)
    units = bound(envelope, root)
    assert units.measure.parameters == (2, int(tagged)) and envelope.measure.native is not None
    box = np.zeros(BOX_SIZE, np.int64)
    box[BOX_PARAMETERS : BOX_PARAMETERS + 2] = units.measure.parameters
    unit = b"\1\0\2" + b"\5" * tagged + b"xy"
    for data in (unit, b"\1\0\3" + unit, b"\4" + unit, unit[:3], unit[:2]):
        wanted = measured(units, data)
        length = envelope.measure.native(np.frombuffer(data, np.uint8), 0, len(data), 4096, box)
        if isinstance(wanted, Measured):
            assert length == wanted.length == len(unit)
        else:
            assert (None if length == 0 else envelope.measure.native_reasons[-1 - length]) == wanted
    value = units.decode.parse(unit, None)
    assert value._root is root and value._parent is root and value.body == b"xy"
    assert getattr(value, "tag", None) == (5 if tagged else None)


def test_without_a_preamble_a_unit_that_needs_it_is_refused(envelope: Envelope) -> None:
    assert measured(envelope, b"\1\0\2\5xy") == "valid"


def test_a_unit_that_needs_nothing_of_it(tmp_path: Path) -> None:
    spec = FILE.replace("valid: {max: _root.head.most}", "valid: {max: 99}").replace(
        "if: _parent.as<file>.head.tagged", ""
    )
    envelope = load(tmp_path / "file.ksy", spec)
    assert envelope.around is not None and not envelope.around.needed
    assert isinstance(measured(envelope, b"\1\0\2\5xy"), Measured)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda text: text.replace("unit: entry, ", ""), "which has 0 such lists"),
        (lambda text: text.replace("preamble: true", "preamble: maybe"), "expected true or false"),
        (lambda text: text.replace("  - {id: end, contents: END}\n  - {id: count, type: u4}\n", ""), "nothing stands"),
    ],
)  # fmt: skip
def test_mistakes(tmp_path: Path, change: Callable[[str], str], wrong: str) -> None:
    from sigflow.compiler import build

    (tmp_path / "file.ksy").write_text(change(FILE), encoding="utf-8")
    built = build(tmp_path / "file.ksy")
    assert not built.ok and any(wrong in problem.message for problem in built.problems), built.problems
