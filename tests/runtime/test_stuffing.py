"""Stuffing and its undoing against slow, obvious forms: a byte at a time, as the documents that define them say."""

from __future__ import annotations

import random
from itertools import product

import pytest

from sigflow.runtime.stuffing import Stuffing, unstuffed

SLIP = Stuffing("escape", b"\xdb", pairs=((0xDC, 0xC0), (0xDD, 0xDB)))
HDLC = Stuffing("escape", b"\x7d", xor=0x20)
STUFFINGS = {
    "slip": SLIP,
    "hdlc": HDLC,
    # Bytes that the escape stands for itself, or is sent as another that means something.
    "itself": Stuffing("escape", b"\x10", pairs=((0x10, 0x10), (0x03, 0x04))),
    "dle": Stuffing("double", b"\x10"),
    "two": Stuffing("double", b"\x01\x02"),
    "cobs": Stuffing("cobs"),
    "cobs-r": Stuffing("cobs-r"),
}
RESERVED = {"slip": b"", "hdlc": b"\x7e"}
LETTERS = {
    "slip": (0xDB, 0xDC, 0xDD, 0xC0, 7),
    "hdlc": (0x7D, 0x7E, 0x5D, 0x5E, 7),
    "itself": (0x10, 0x03, 0x04, 7),
    "dle": (0x10, 7),
    "two": (1, 2, 7),
    "cobs": (0, 1, 2, 3, 5),
    "cobs-r": (0, 1, 2, 3, 5),
}


def taken(stuffing: Stuffing, raw: bytes) -> tuple[list[tuple[int, int]], bool]:
    """The bytes of the unit, each with where it begins in `raw`, and whether `raw` is sound to its end."""
    if stuffing.kind.startswith("cobs"):
        return _decoded(raw, stuffing.kind == "cobs-r")
    unit, at, mark = list[tuple[int, int]](), 0, stuffing.mark
    while at < len(raw):
        if not raw.startswith(mark, at):
            unit.append((raw[at], at))
            at += 1
        elif stuffing.kind == "double":
            if not raw.startswith(mark, at + len(mark)):
                return unit, False
            unit += [(byte, at + number) for number, byte in enumerate(mark)]
            at += 2 * len(mark)
        else:
            if at + 1 == len(raw):
                return unit, False
            sent = raw[at + 1]
            meanings = dict(stuffing.pairs) or {byte: byte ^ stuffing.xor for byte in range(256)}
            if sent not in meanings:
                return unit, False
            unit.append((meanings[sent], at))
            at += 2
    return unit, True


def _decoded(raw: bytes, reduced: bool) -> tuple[list[tuple[int, int]], bool]:
    """COBS by counting down to where the next code byte stands."""
    unit, at = list[tuple[int, int]](), 0
    if 0 in raw:
        return unit, False
    while at < len(raw):
        code, begin = raw[at], at
        for _ in range(code - 1):
            at += 1
            if at == len(raw):  # the code byte of the reduced form is the last byte
                return [*unit, (code, begin)], reduced
            unit.append((raw[at], at))
        at += 1
        if code < 255 and at < len(raw):
            unit.append((0, at))
    return unit, True


def short(name: str) -> list[bytes]:
    """All inputs of up to five of the bytes that mean something to a stuffing."""
    return [bytes(letters) for size in range(6) for letters in product(LETTERS[name], repeat=size)]


@pytest.mark.parametrize("name", STUFFINGS)
def test_what_is_undone(name: str) -> None:
    stuffing, refused = STUFFINGS[name], 0
    for raw in short(name):
        unit, sound = taken(stuffing, raw)
        want = bytes(byte for byte, _ in unit) if sound else None
        assert stuffing.unstuff(raw) == want, raw.hex()
        refused += want is None
        if sound:
            # The last byte of the reduced form stands where its code byte is.
            assert stuffing.places(raw) == [*(place for _, place in unit), len(raw)], raw.hex()
    assert refused > 5


@pytest.mark.parametrize("name", STUFFINGS)
def test_what_is_stuffed_comes_back(name: str) -> None:
    stuffing, reserved = STUFFINGS[name], RESERVED.get(name, b"")
    for unit in short(name):
        wire = stuffing.stuff(unit, reserved)
        assert unstuffed(stuffing, wire) == unit
        assert len(wire) <= stuffing.worst(len(unit))
        assert not set(wire) & set(reserved)


@pytest.mark.parametrize("name", ["cobs", "cobs-r"])
@pytest.mark.parametrize("size", [253, 254, 255, 507, 508, 509, 762])
@pytest.mark.parametrize("end", [b"", b"\0", b"\0\0", b"\0\1", b"\xff", b"\0\xff"])
def test_blocks_of_cobs(name: str, size: int, end: bytes) -> None:
    stuffing = STUFFINGS[name]
    unit = bytes(random.Random(size).choices(range(1, 250), k=size)) + end
    wire = stuffing.stuff(unit)
    assert unstuffed(stuffing, wire) == unit and 0 not in wire
    assert len(unit) <= len(wire) <= stuffing.worst(len(unit))
    bytes_of_unit, sound = taken(stuffing, wire)
    assert sound and stuffing.places(wire) == [*(place for _, place in bytes_of_unit), len(wire)]
    if name == "cobs":
        # No code byte is spent where nothing is left to be said, but the first and for each full block.
        assert stuffing.stuff(bytes([7]) * size) == _plain_cobs(bytes([7]) * size)
        assert wire == _plain_cobs(unit)


def _plain_cobs(unit: bytes) -> bytes:
    """COBS a byte at a time, with the code byte written when the block ends."""
    wire, block = bytearray(), bytearray()
    for at, byte in enumerate(unit):
        if byte:
            block.append(byte)
        if not byte or (len(block) == 254):
            wire += bytes((len(block) + 1,)) + block
            block.clear()
            if byte and at + 1 == len(unit):
                return bytes(wire)
    return bytes(wire + bytes((len(block) + 1,)) + block)


def test_the_reduced_form_is_shorter_where_the_last_byte_is_large() -> None:
    assert STUFFINGS["cobs-r"].stuff(b"\1\2\5") == b"\5\1\2"
    assert STUFFINGS["cobs-r"].stuff(b"\1\2\4") == b"\4\1\2"
    assert STUFFINGS["cobs-r"].stuff(b"\1\2\3") == b"\4\1\2\3"
    assert STUFFINGS["cobs-r"].stuff(b"\7\0") == b"\2\7\1"
    assert STUFFINGS["cobs-r"].stuff(b"\7\0\7\0") == b"\2\7\2\7\1"


@pytest.mark.parametrize(("kind", "sizes"), [
    ("cobs", {0: 1, 1: 2, 253: 254, 255: 257, 509: 512}), ("escape", {0: 0, 3: 6}), ("double", {0: 0, 3: 6}),
])  # fmt: skip
def test_the_most_bytes_of_a_unit(kind: str, sizes: dict[int, int]) -> None:
    assert {size: Stuffing(kind, b"\x10").worst(size) for size in sizes} == sizes


def test_what_is_no_stuffing() -> None:
    with pytest.raises(ValueError, match="these 2 bytes are nothing that stuffing gives"):
        unstuffed(SLIP, b"\7\xdb")


@pytest.mark.parametrize(("name", "raw", "places"), [
    ("cobs", b"\5\1\2", [1, 2, 3]), ("cobs-r", b"\5\1\2", [1, 2, 0, 3]), ("cobs", b"\0\2\7", [1, 2, 3]),
    ("dle", b"\x10", [0, 1]), ("slip", b"\xdb\7\7\xdb", [0, 2, 3, 4]),
])  # fmt: skip
def test_places_of_what_is_nothing_stuffed(name: str, raw: bytes, places: list[int]) -> None:
    assert STUFFINGS[name].places(raw) == places


@pytest.mark.parametrize(("name", "data", "end", "where"), [
    # Whole pairs at the end of the data are passed for good, and what is cut is looked at again.
    ("dle", b"ab\x10\x10", b"\x10\3", (-1, 4)), ("dle", b"ab\x10", b"\x10\3", (-1, 2)),
    ("dle", b"ab\x10\x10\x10", b"\x10\3", (-1, 4)), ("dle", b"ab\x10\x10\x10\3", b"\x10\3", (4, 4)),
    ("hdlc", b"a\x7d\x5e", b"\x7e", (-1, 3)), ("hdlc", b"a\x7d\x7e", b"\x7e", (-1, 3)),
    ("hdlc", b"a\x7d", b"\x7e", (-1, 1)), ("hdlc", b"a\x7d\x5e\x7e", b"\x7e", (3, 3)),
])  # fmt: skip
def test_where_an_end_is_looked_for_again(name: str, data: bytes, end: bytes, where: tuple[int, int]) -> None:
    assert STUFFINGS[name].find_end(data, end, 0, len(data)) == where
