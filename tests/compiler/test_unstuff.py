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


ENDED = """\
meta: {{id: ended, endian: be}}
-sigflow-stream:
  checksum: {{field: crc, algorithm: CRC-16/MODBUS, over: [kind, {{expr: body}}]}}
  max-frame: 80
seq:
  - {{id: magic, contents: [0xaa, 0x55]}}
  - {{id: kind, type: u1}}
  - {{id: body, -sigflow-unstuff: {stuffing}}}
  - {{id: crc, type: u2}}
"""
ENDINGS = {
    "{double: 0x10, end: [0x10, 0x03]}": (Stuffing("double", b"\x10"), b"\x10\x03"),
    "{double: [0x1b, 0x1b], end: [0x1b, 0x1b, 0x1a]}": (Stuffing("double", b"\x1b\x1b"), b"\x1b\x1b\x1a"),
    "{escape: 0x7d, xor: 0x20, end: 0x7e}": (Stuffing("escape", b"\x7d", xor=0x20), b"\x7e"),
    "{escape: 0x10, map: {0x10: 0x10, 0x04: 0x03}, end: [0x10, 0x03]}": (
        Stuffing("escape", b"\x10", pairs=((0x10, 0x10), (4, 3))),
        b"\x10\x03",
    ),
}


def ended(stuffing: Stuffing, end: bytes, units: list[bytes]) -> bytes:
    modbus, stream = checksums.get("CRC-16/MODBUS"), b""
    for unit in units:
        body = stuffing.stuff(unit, end if len(end) == 1 else b"")
        stream += b"\xaa\x55\1" + body + end + modbus.compute(b"\1" + unit).to_bytes(2, "big")
    return stream


@pytest.mark.parametrize("text", ENDINGS)
def test_an_end_is_looked_for_among_stuffed_bytes(tmp_path: Path, text: str) -> None:
    stuffing, end = ENDINGS[text]
    spec = tmp_path / "ended.ksy"
    spec.write_text(ENDED.format(stuffing=text), encoding="utf-8")
    format = sigflow.compile(spec)
    assert format.envelope is not None and format.envelope.measure.native is None
    plain = tmp_path / "plain.ksy"
    plain.write_text(ENDED.format(stuffing=text).replace("[kind, {expr: body}]", "kind"), encoding="utf-8")
    envelope = sigflow.compile(plain).envelope
    assert envelope is not None and "among stuffed bytes" in envelope.measure.inexpressible
    rng = random.Random(text)
    alphabet = sorted({*stuffing.mark, *end, 0x41})
    units = [b"", end, stuffing.mark, end + end, stuffing.mark + end[-1:]]
    units += [bytes(rng.choices(alphabet, k=rng.randrange(20))) for _ in range(60)]
    stream = ended(stuffing, end, units)
    for sizes in (len(stream), 1, 3, 7):
        decoder, got = format.decoder(), []
        for at in range(0, len(stream), sizes):
            decoder.feed(stream[at : at + sizes])
            got += list(decoder.events())
        decoder.feed_eof()
        got += list(decoder.events())
        assert [event.value.body for event in got if isinstance(event, Record)] == units and len(got) == len(units)
    # Cut anywhere, and with a byte that is another: no difference between a stream fed whole and fed by bytes.
    for _ in range(150):
        damaged = bytearray(stream[: rng.randrange(len(stream))])
        damaged[rng.randrange(len(damaged) or 1) :][:1] = b""
        if damaged:
            damaged[rng.randrange(len(damaged))] = rng.choice(alphabet)
        seen = []
        for size in (len(damaged) or 1, 1):
            decoder, got = format.decoder(), []
            for at in range(0, len(damaged), size):
                decoder.feed(bytes(damaged[at : at + size]))
                got += list(decoder.events())
            decoder.feed_eof()
            got += list(decoder.events())
            seen.append([(type(event), event.span) for event in got])
        assert seen[0] == seen[1]


def slow_end(stuffing: Stuffing, end: bytes, data: bytes) -> int:
    """Where the end stands, byte by byte."""
    at = 0
    while at < len(data):
        if stuffing.kind == "double" and data.startswith(2 * stuffing.mark, at):
            at += 2 * len(stuffing.mark)
        elif data.startswith(end, at):
            return at
        else:
            at += 2 if stuffing.kind == "escape" and data.startswith(stuffing.mark, at) else 1
    return -1


@pytest.mark.parametrize("text", ENDINGS)
def test_an_end_is_where_a_slow_walk_comes_to_it(text: str) -> None:
    stuffing, end = ENDINGS[text]
    rng = random.Random(text)
    alphabet = sorted({*stuffing.mark, *end, 0x41})
    for _ in range(5000):
        data = bytes(rng.choices(alphabet, k=rng.randrange(24)))
        begin, place = 0, -1
        for stop in sorted({*rng.choices(range(len(data) + 1), k=3), len(data)}):
            place, begin = stuffing.find_end(data, end, begin, stop)
            assert begin <= stop or not data
            if place >= 0:
                break
        assert place == slow_end(stuffing, end, data), (data, end)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{double: 0x10, end: [0x10]}", "SF514"),
        ("{double: 0x10, end: ''}", "SF514"),
        ("{double: 0x10, end: []}", "SF114"),
        ("{double: 0x10, end: [0x10, 3]}, size: 3", "SF502"),
        ("{double: 0x10, ende: [0x10, 3]}", "SF501"),
    ],
)
def test_an_end_that_cannot_be(tmp_path: Path, text: str, code: str) -> None:
    spec = tmp_path / "ended.ksy"
    spec.write_text(ENDED.format(stuffing=text), encoding="utf-8")
    with pytest.raises(sigflow.SpecError) as caught:
        sigflow.compile(spec)
    assert code in [problem.code for problem in caught.value.diagnostics]
