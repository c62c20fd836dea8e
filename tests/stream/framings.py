"""Formats whose units do not stand on the wire as they are, beside those of the reference scan: written as specs, with
makers of frames and a plain oracle of where frames stand.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sigflow import catalog
from sigflow.runtime.envelope import Checksum, Envelope, Framing
from sigflow.stream.format import Format
from tests.envelopes import changed
from tests.stream import damage

_CRC = "  - {id: crc, type: u4}\n"

#: By name: what stands under `-sigflow-stream`, and `seq`.
SPECS = {
    "dle": (
        "framing: {start: [0x10, 2], end: [0x10, 3], stuffing: {double: 0x10}}\n"
        "  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: data}\n  max-frame: 60\n",
        "  - {id: data, size: _io.size - 4}\n" + _CRC,
    ),
    "xbee": (
        "framing: {start: 0x7e, stuffing: {escape: 0x7d, xor: 0x20}}\n"
        "  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: length..data}\n  max-frame: 60\n",
        "  - {id: length, type: u1}\n  - {id: data, size: length}\n" + _CRC,
    ),
    "beast": (
        "framing: {start: 0x1a, stuffing: {double: 0x1a}}\n  confirm: {chain: 3}\n  max-frame: 40\n",
        "  - {id: kind, type: u1, valid: {min: 0x30, max: 0x33}}\n  - {id: data, size: (kind & 3) * 3}\n",
    ),
    "sml": (
        "framing: {start: [0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1], end: [0x1b, 0x1b, 0x1b, 0x1b, 0x1a], "
        "stuffing: {double: [0x1b, 0x1b, 0x1b, 0x1b]}, trailer: behind}\n"
        "  max-frame: 70\n",
        "  - {id: data, size-eos: true}\ntypes:\n  behind:\n    seq:\n      - {id: pad, type: u1}\n"
        "      - {id: crc, type: u2le}\n",
    ),
    "text": (
        'framing: {start: "$", end: "\\r\\n"}\n  max-frame: 40\n',
        "  - {id: kind, type: u1, valid: {max: 0x7f}}\n  - {id: data, size-eos: true}\n",
    ),
    "log": (
        'framing: {delimiter: "\\n", last: open}\n  max-frame: 40\n',
        "  - {id: level, type: u1, valid: {any-of: [0x44, 0x49, 0x57]}}\n  - {id: data, size-eos: true}\n",
    ),
    "reduced": (
        "framing: {delimiter: 0, stuffing: cobs-r}\n"
        "  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: data}\n  max-frame: 60\n",
        "  - {id: data, size: _io.size - 4}\n" + _CRC,
    ),
    "maybe": (  # some units have a checksum, and of the others the delimiters are believed
        "framing: {delimiter: [0x7e, 0x7f], stuffing: {escape: 0x7d, map: {1: 0x7e, 2: 0x7d}}}\n"
        "  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: kind..data}\n  max-frame: 60\n",
        "  - {id: kind, type: u1, valid: {max: 1}}\n  - {id: data, size: _io.size - 1 - 4 * kind}\n"
        "  - {id: crc, type: u4, if: kind == 1}\n",
    ),
}


@cache
def envelope(name: str) -> Envelope:
    """The compiled format of this name."""
    hints, seq = SPECS[name]
    with TemporaryDirectory() as folder:
        spec = Path(folder) / f"{name}.ksy"
        spec.write_text(f"meta: {{id: {name}, endian: be}}\n-sigflow-stream:\n  {hints}seq:\n{seq}", encoding="utf-8")
        made: Format = catalog.load(str(spec))
    assert made.envelope is not None
    if name == "sml":  # the checksum in the trailer, of the unit
        checksum = Checksum("trailer.crc", "CRC-16/X-25", 2, "little", -2, ((0, -3),))
        return changed(made.envelope, checksums=(checksum,))
    return made.envelope


def _crc(covered: bytes) -> bytes:
    return zlib.crc32(covered).to_bytes(4, "big")


def crc16(data: bytes) -> int:
    """CRC-16/X-25, bit by bit."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return value ^ 0xFFFF


def _units(name: str, payload: bytes) -> bytes:
    """A unit with this payload."""
    units: dict[str, Callable[[bytes], bytes]] = {
        "xbee": lambda data: (unit := bytes((len(data),)) + data) + _crc(unit),
        "beast": lambda data: bytes((0x30 + len(data) // 3,)) + data[: len(data) // 3 * 3],
        "sml": lambda data: data,
        "text": lambda data: b"T" + bytes(32 + byte % 90 for byte in data).replace(b"$", b"S"),
        "log": lambda data: b"I" + data.replace(b"\n", b" "),
        "maybe": lambda data: (unit := bytes((len(data) & 1,)) + data) + (_crc(unit) if len(data) & 1 else b""),
    }
    return units.get(name, lambda data: data + _crc(data))(payload)


def frame(name: str, payload: bytes) -> bytes:
    """A frame of the format with this payload."""
    framing = envelope(name).search.framing
    assert framing is not None
    unit = _units(name, payload[:9] if name == "beast" else payload[:20])
    stuffing = framing.stuffing
    reserved = framing.delimiter + framing.start
    stuffed = unit if stuffing is None else stuffing.stuff(unit, reserved)
    trailer = b"\0" + crc16(unit).to_bytes(2, "little") if framing.trailer else b""
    return framing.start + stuffed + (framing.delimiter or framing.end) + trailer


# ---------------------------------------------------------------- the oracle


@dataclass(frozen=True)
class Oracle:
    """Where frames of one format stand that a checksum or what ends them confirms, looked for byte by byte."""

    name: str
    framing: Framing
    limit: int

    def frames(self, data: bytes) -> list[tuple[int, int]]:
        """The frames of a whole stream."""
        spans, at = list[tuple[int, int]](), 0
        while at < len(data):
            stop = self._frame(data, at)
            if stop:
                spans.append((at, stop))
            at = stop or at + 1
        return spans

    def _frame(self, data: bytes, at: int) -> int:
        framing = self.framing
        if framing.delimiter:
            if at and data[max(at - len(framing.delimiter), 0) : at] != framing.delimiter:
                return 0
            stop = data.find(framing.delimiter, at)
            behind = stop + len(framing.delimiter)
            if stop < 0:
                stop = behind = len(data) if framing.last_open else 0
            if not at < stop or behind - at > self.limit or (stop == behind and behind - at >= self.limit):
                return 0
            unit = data[at:stop] if framing.stuffing is None else framing.stuffing.unstuff(data[at:stop])
            return behind if unit is not None and self._good(unit, b"") else 0
        if not data.startswith(framing.start, at):
            return 0
        return self._begun(data, at)

    def _begun(self, data: bytes, at: int) -> int:
        framing, stuffing = self.framing, self.framing.stuffing
        mark = stuffing.mark if stuffing is not None else b""
        place, unit = at + len(framing.start), b""
        while True:
            if not framing.end and (stop := self._own_length(unit)) is not None:
                if stop < 0:
                    return 0
                if stop == len(unit):
                    return place if place - at <= self.limit and self._good(unit, b"") else 0
                if stop < len(unit):
                    return 0
            if mark and stuffing is not None and stuffing.kind == "double" and data.startswith(2 * mark, place):
                unit, place = unit + mark, place + 2 * len(mark)
            elif framing.end and data.startswith(framing.end, place):
                behind = place + len(framing.end) + framing.trailer
                if behind > len(data) or behind - at > self.limit:
                    return 0
                return behind if self._good(unit, data[behind - framing.trailer : behind]) else 0
            elif data.startswith(framing.start, place) or place >= len(data):
                return 0
            elif mark and data.startswith(mark, place):
                if stuffing is None or stuffing.kind == "double" or place + 1 == len(data):
                    return 0
                unit, place = unit + bytes((data[place + 1] ^ stuffing.xor,)), place + 2
            else:
                unit, place = unit + data[place : place + 1], place + 1

    def _own_length(self, unit: bytes) -> int | None:
        """The length that a unit says itself; None where that is not to be told yet, -1 where it is none."""
        if not unit:
            return None
        if self.name == "beast":
            return 1 + (unit[0] & 3) * 3 if 0x30 <= unit[0] <= 0x33 else -1
        return 5 + unit[0]

    def _good(self, unit: bytes, trailer: bytes) -> bool:
        good: dict[str, Callable[[], bool]] = {
            "xbee": lambda: unit[-4:] == _crc(unit[:-4]),
            "beast": lambda: True,
            "sml": lambda: trailer[1:] == crc16(unit).to_bytes(2, "little"),
            "text": unit[:1].isascii,
            "log": lambda: unit[0] in b"DIW",
            "maybe": lambda: unit[0] == 0 or (unit[0] == 1 and len(unit) >= 5 and unit[-4:] == _crc(unit[:-4])),
        }
        # An empty unit is none.
        return unit != b"" and good.get(self.name, lambda: len(unit) >= 4 and unit[-4:] == _crc(unit[:-4]))()


def oracle(name: str) -> Oracle:
    """The oracle of this format."""
    search = envelope(name).search
    assert search.framing is not None
    return Oracle(name, search.framing, search.max_frame)


def damaged(name: str, rng: random.Random, size: int) -> bytes:
    """A damaged stream of this format."""
    framing = envelope(name).search.framing
    assert framing is not None
    markers = [literal for literal in (framing.delimiter, framing.start, framing.end) if literal]
    if framing.stuffing is not None and framing.stuffing.mark:
        markers.append(framing.stuffing.mark)
    between = [framing.delimiter] if framing.delimiter else []
    makers = [lambda payload: frame(name, payload)] * 3 + [lambda payload: rng.choice(between)] * len(between)
    return damage.stream(rng, makers, markers, size)
