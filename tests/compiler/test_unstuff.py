"""Attributes that are stuffed, and terminators that may stand at any place: what the spec says beside Kaitai's keys."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

import sigflow
from sigflow import checksums
from sigflow.compiler import build
from sigflow.events import Record
from sigflow.runtime import Envelope, Measured, Window, maybe_advance
from sigflow.runtime.box import BOX_ALL
from sigflow.runtime.envelope import NEED
from sigflow.runtime.stuffing import Stuffing
from tests.compiler.test_native_measure import load

STUFFED = """\
meta: {id: stuffed, endian: be}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: [kind, {expr: body}]}
seq:
  - {id: magic, contents: [0xaa, 0x55]}
  - {id: kind, type: u1}
  - {id: body, terminator: 0, -sigflow-unstuff: cobs, -sigflow-max-size: 300}
  - {id: crc, type: u2}
"""


def test_a_stuffed_attribute_is_seen_unstuffed(tmp_path: Path) -> None:
    (tmp_path / "stuffed.ksy").write_text(STUFFED, encoding="utf-8")
    format = sigflow.compile(tmp_path / "stuffed.ksy")
    modbus = checksums.get("CRC-16/MODBUS")
    units = [b"", b"\0", b"a\0b\0\0", bytes(range(200))]
    stream = b""
    for number, unit in enumerate(units):
        crc = modbus.compute(bytes((number,)) + unit).to_bytes(2, "big")
        stream += b"\xaa\x55" + bytes((number,)) + Stuffing("cobs").stuff(unit) + b"\0" + crc
    decoder = format.decoder()
    decoder.feed(stream)
    decoder.feed_eof()
    events = list(decoder.events())
    assert [event.value.body for event in events if isinstance(event, Record)] == units and len(events) == len(units)
    damaged = stream.replace(b"\xaa\x55\1\1\1\0", b"\xaa\x55\1\1\5\0")  # nothing that COBS gives
    decoder = format.decoder()
    decoder.feed(damaged)
    decoder.feed_eof()
    assert sum(isinstance(event, Record) for event in decoder.events()) == len(units) - 1


def test_a_type_reads_what_is_unstuffed(tmp_path: Path) -> None:
    spec = (
        STUFFED.replace("-sigflow-unstuff: cobs", "-sigflow-unstuff: {double: 0x10}, type: pair").replace(
            "{expr: body}", "kind"
        )
        + "types: {pair: {seq: [{id: a, type: u1}, {id: b, type: u1}]}}\n"
    )
    (tmp_path / "stuffed.ksy").write_text(spec, encoding="utf-8")
    value = sigflow.compile(tmp_path / "stuffed.ksy").parse(b"\xaa\x55\1\x10\x10\7\0\0\0")
    assert (value.body.a, value.body.b) == (0x10, 7)


ANYWHERE = """\
meta: {id: lines, endian: be}
-sigflow-stream: {confirm: {chain: 4}, max-frame: 40, aborted-by-sync: false}
seq:
  - {id: magic, contents: ">"}
  - {id: text, terminator: [0x0d, 0x0a], -sigflow-terminator: anywhere}
  - {id: len_rest, type: u1, valid: {max: 9}}
  - {id: rest, size: len_rest, terminator: [0x0d, 0x0a], include: true, -sigflow-terminator: anywhere}
"""


def test_a_terminator_stands_at_any_place(tmp_path: Path) -> None:
    envelope = load(tmp_path / "lines.ksy", ANYWHERE)
    assert isinstance(envelope, Envelope) and envelope.measure.native is not None
    value = envelope.decode.parse(b">abc\r\n\5a\r\nbc", None)
    assert value.text == b"abc" and value.rest == b"a\r\n"
    rng = random.Random(1)
    for _ in range(2000):
        data = b">" + bytes(rng.choice(b"\r\n\1\3a") for _ in range(rng.randrange(30)))
        steps = envelope.measure.incremental(Window(data, 0, len(data), 40))
        wanted = maybe_advance(steps, {})
        box = np.zeros(BOX_ALL, np.int64)
        length = envelope.measure.native(np.frombuffer(data, np.uint8), 0, len(data), 40, box)
        if isinstance(wanted, Measured):
            assert length == wanted.length, data
            at = data.index(b"\r\n")
            assert wanted.length == at + 3 + data[at + 2]
        else:
            assert (None if length == NEED else envelope.measure.native_reasons[-1 - length]) == wanted, data


def test_it_waits_byte_by_byte(tmp_path: Path) -> None:
    envelope = load(tmp_path / "lines.ksy", ANYWHERE)
    data = b">a\r\r\n\1x"
    window = Window(b"", 0, 0, 40)
    steps = envelope.measure.incremental(window)
    results = []
    for stop in range(1, len(data) + 1):
        window.move(data[:stop], 0, stop)
        results.append(maybe_advance(steps, {}))
        if results[-1] is not None:
            break
    assert isinstance(results[-1], Measured) and results[-1].length == 7 and len(results) == 6


def test_lint_warns_only_without_it(tmp_path: Path) -> None:
    (tmp_path / "lines.ksy").write_text(ANYWHERE, encoding="utf-8")
    assert "SF607" not in {problem.code for problem in build(tmp_path / "lines.ksy").problems}
    (tmp_path / "lines.ksy").write_text(ANYWHERE.replace(", -sigflow-terminator: anywhere", ""), encoding="utf-8")
    assert "SF607" in {problem.code for problem in build(tmp_path / "lines.ksy").problems}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (STUFFED.replace("-sigflow-unstuff: cobs", "-sigflow-unstuff: cobz"), "expected none, slip"),
        (STUFFED.replace("-sigflow-unstuff: cobs", "-sigflow-unstuff: cobs, process: zlib"), "exclude each other"),
        (STUFFED.replace("type: u1}", "type: u1, -sigflow-unstuff: cobs}", 1), "has no bytes of its own"),
        (ANYWHERE.replace("terminator: anywhere", "terminator: any"), "expected `anywhere`"),
        (ANYWHERE.replace("terminator: [0x0d, 0x0a], ", "size: 3, ", 1), "has no `terminator`"),
        (STUFFED.replace("-sigflow-unstuff: cobs", "-sigflow-unstuff: {escape: 300, xor: 1}"), "expected a byte"),
        (STUFFED.replace("-sigflow-unstuff: cobs", "-sigflow-unstuff: {escape: 3, map: {}}"), "expected a map from"),
        (STUFFED.replace("-sigflow-unstuff: cobs", "-sigflow-unstuff: {escape: 3, zor: 1}"), "unknown key 'zor'"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, wrong: str) -> None:
    (tmp_path / "x.ksy").write_text(text, encoding="utf-8")
    built = build(tmp_path / "x.ksy")
    assert not built.ok and any(wrong in problem.message for problem in built.problems), built.problems
