"""Runs of good frames, whatever checksums they have: the scan finds with them what it finds without."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from sigflow.events import Gap, Record
from sigflow.runtime import Envelope
from sigflow.stream.check import Check
from sigflow.stream.format import Format
from tests.compiler.test_native_measure import load

HEAD = (
    "meta: {{id: t, endian: {order}, encoding: ASCII}}\n"
    "-sigflow-stream: {{max-frame: 400, sync: [0x53], checksum: {sums}}}\nseq:\n"
)
FIELDS = {
    "at the end": """
  - {id: magic, contents: [0x53]}
  - {id: n, type: u1}
  - {id: body, size: n}
  - {id: crc, type: TYPE}
""",
    "in the header": """
  - {id: magic, contents: [0x53]}
  - {id: n, type: u1}
  - {id: crc, type: TYPE}
  - {id: body, size: n}
""",
    "as digits": """
  - {id: magic, contents: [0x53]}
  - {id: n, type: u1}
  - {id: body, size: n}
  - {id: crc, type: str, size: SIZE}
""",
    "worked out": """
  - {id: magic, contents: [0x53]}
  - {id: n, type: u1}
  - {id: crc, type: u4}
  - {id: body, size: n}
instances:
  low: {value: crc & 0xffff}
""",
    "twice": """
  - {id: magic, contents: [0x53]}
  - {id: n, type: u1}
  - {id: head, type: u1}
  - {id: body, size: n}
  - {id: crc, type: TYPE}
""",
}
#: Of each case: where the value stands, of which type it is, the byte order, and the checksums as a spec has them.
CASES = {
    "zlib's, over one piece": ("at the end", "u4", "be", "{field: crc, algorithm: CRC-32/ISO-HDLC, over: magic..body}"),
    "zlib's, over two": ("in the header", "u4", "le", "{field: crc, algorithm: adler-32, over: [magic..n, body]}"),
    "over one piece": ("at the end", "u2", "le", "{field: crc, algorithm: CRC-16/MODBUS, over: n..body}"),
    "over two": ("in the header", "u2", "be", "{field: crc, algorithm: CRC-16/XMODEM, over: [magic..n, body]}"),
    "of one's own parameters": (
        "at the end", "u1", "be", "{field: crc, algorithm: {width: 8, poly: 0x9b, init: 0xff}, over: magic..body}",
    ),
    "of a sum": ("at the end", "u2", "be", "{field: crc, algorithm: fletcher-16, over: magic..body}"),
    "zeroed, in the middle": (
        "in the header", "u2", "be", "{field: crc, algorithm: CRC-16/ARC, over: magic..body, zeroed: true}",
    ),
    "zeroed, at the end": (
        "at the end", "u4", "be", "{field: crc, algorithm: CRC-32/BZIP2, over: magic..crc, zeroed: true}",
    ),
    "a signed number": ("in the header", "s2", "be", "{field: crc, algorithm: CRC-16/ARC, over: [magic..n, body]}"),
    "as digits": ("as digits", "2", "be", "{field: crc, algorithm: xor-8, over: magic..body, encoding: hex}"),
    "some bytes of a field": ("worked out", "", "be", "{field: low, algorithm: CRC-16/ARC, over: [magic..n, body]}"),
    "two of them": (
        "twice", "u2", "be",
        "[{field: head, algorithm: xor-8, over: magic..n}, {field: crc, algorithm: CRC-16/ARC, over: [magic..body]}]",
    ),
}  # fmt: skip


def spec_of(name: str) -> str:
    where, type_, order, sums = CASES[name]
    return HEAD.format(order=order, sums=sums) + FIELDS[where].replace("TYPE", type_).replace("SIZE", type_)


def good_frame(envelope: Envelope, body: bytes, trailer: int, header: int) -> bytes:
    """A frame with this body whose checksums hold."""
    frame = bytearray(b"S" + bytes((len(body),)) + bytes(header - 2) + body + bytes(trailer))
    for check in map(Check, envelope.search.checksums):
        checksum = check.checksum
        assert checksum.stored is not None and checksum.pieces is not None
        place = checksum.stored % len(frame)
        stretches = check.stretches(frame, 0, len(frame), checksum.pieces, place)
        assert stretches is not None
        value = check.direct(bytes(frame), stretches)
        text = b"%0*X" % (checksum.size, value) if checksum.order == "hex" else b""
        order = "little" if checksum.order == "little" else "big"
        frame[place : place + checksum.size] = text or value.to_bytes(checksum.size, order)
    return bytes(frame)


def events(envelope: Envelope, data: bytes, cut: int) -> list[tuple[object, ...]]:
    decoder = Format(envelope).decoder()
    decoder.feed(data[:cut])
    decoder.feed(data[cut:])
    decoder.feed_eof()
    told: list[tuple[object, ...]] = []
    for event in decoder.events():
        assert isinstance(event, Record | Gap)
        more = (event.raw, event.value.body) if isinstance(event, Record) else (event.reasons,)
        told.append((event.span.start, event.span.stop, *more))
    return told


@pytest.mark.parametrize("name", CASES)
def test_runs_give_what_the_scan_gives_without(name: str, tmp_path: Path) -> None:
    envelope = load(tmp_path / "t.ksy", spec_of(name))
    assert envelope.measure.run is not None and envelope.measure.header is not None
    slow = replace(envelope, measure=replace(envelope.measure, run=None))
    header = envelope.measure.header
    trailer = envelope.search.min_frame - header
    dice = random.Random(name)
    frames = 0
    for _ in range(60):
        pieces = [good_frame(envelope, dice.randbytes(dice.choice((0, 1, 7, 90))), trailer, header) for _ in range(9)]
        whole = bytearray(b"".join(pieces))
        assert len(events(envelope, bytes(whole), 0)) == 9
        for _ in range(dice.randrange(4)):
            whole[dice.randrange(len(whole))] = dice.choice(b"S\0\1\xff0")
        data = bytes(whole[: len(whole) - dice.randrange(3)])
        cut = dice.randrange(len(data))
        fast = events(envelope, data, cut)
        assert fast == events(slow, data, cut)
        frames += sum(isinstance(event[2], bytes) for event in fast)
    assert frames > 200
