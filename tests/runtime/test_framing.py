"""Where the unit of a frame stands among its bytes, written out for each sort of framing."""

from __future__ import annotations

import pytest

from sigflow.runtime.envelope import Framing
from sigflow.runtime.framing import checked_of, places_of, stretch_of, unit_of
from sigflow.runtime.stored import raw_of
from sigflow.runtime.stuffing import Stuffing

DLE = Stuffing("double", b"\x10")
#: Framing, a frame, where its stuffed unit stands, the unit, what checksums see, where each byte of that begins.
CASES = {
    "delimited": (Framing(b"\r\n"), b"abc\r\n", (0, 3), b"abc", b"abc", [0, 1, 2, 3]),
    "delimiter missing": (Framing(b"\r\n"), b"abc\r", (0, 4), b"abc\r", b"abc\r", [0, 1, 2, 3, 4]),
    "cobs": (Framing(b"\0", stuffing=Stuffing("cobs")), b"\2a\2b\0", (0, 4), b"a\0b", b"a\0b", [1, 2, 3, 4]),
    "begun": (Framing(start=b"<<", end=b">"), b"<<ab>", (2, 4), b"ab", b"ab", [2, 3, 4]),
    "doubled": (
        Framing(start=b"\x10\2", end=b"\x10\3", stuffing=DLE),
        b"\x10\2a\x10\x10b\x10\3", (2, 6), b"a\x10b", b"a\x10b", [2, 3, 5, 6],
    ),
    "trailer": (
        Framing(start=b"\x10\2", end=b"\x10\3", stuffing=DLE, trailer=2),
        b"\x10\2a\x10\x10\x10\3xy", (2, 5), b"a\x10", b"a\x10xy", [2, 3, 7, 8, 9],
    ),
    "trailer, nothing stuffed": (
        Framing(start=b"<", end=b">", trailer=1), b"<ab>x", (1, 3), b"ab", b"abx", [1, 2, 4, 5],
    ),
    "no whole stuffing": (
        Framing(start=b"\x10\2", end=b"\x10\3", stuffing=DLE),
        b"\x10\2a\x10\x10\3", (2, 4), b"a\x10", b"a\x10", [2, 3, 4],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_units_in_frames(name: str) -> None:
    framing, raw, bounds, unit, checked, places = CASES[name]
    assert stretch_of(framing, raw) == bounds
    assert unit_of(framing, raw) == unit
    assert checked_of(framing, raw) == checked
    assert places_of(framing, raw) == places


WHOLE: list[tuple[str, tuple[int, int | None, str], bytes]] = [
    # Places in the unit `abc`, without and with the literals around it.
    ("delimited", (0, None, "raw"), b"abc"),
    ("delimited", (1, 2, "raw"), b"b"),
    ("delimited", (1, None, "raw>"), b"bc\r\n"),
    ("delimited", (0, 0, "raw>"), b"abc\r\n"),
    ("delimiter missing", (0, None, "raw>"), b"abc\r"),
    ("cobs", (0, None, "raw<"), b"\2a\2b"),
    ("begun", (0, None, "raw"), b"ab"),
    ("begun", (1, None, "raw<"), b"<<ab"),
    ("begun", (1, None, "raw>"), b"b>"),
    ("begun", (0, None, "raw<>"), b"<<ab>"),
    ("doubled", (1, 2, "raw"), b"\x10\x10"),
    ("doubled", (2, None, "raw>"), b"b\x10\3"),
    # Behind the unit come the places of the trailer.
    ("trailer", (0, 2, "raw"), b"a\x10\x10"),
    ("trailer", (1, None, "raw>"), b"\x10\x10\x10\3"),
    ("trailer", (0, 3, "raw<"), b"\x10\2a\x10\x10\x10\3x"),
    ("trailer", (2, 3, "raw"), b"x"),
    ("trailer", (3, 4, "raw"), b"y"),
    ("trailer, nothing stuffed", (1, 3, "raw"), b"b>x"),
]


@pytest.mark.parametrize(("name", "piece", "covered"), WHOLE)
def test_bytes_of_the_wire(name: str, piece: tuple[int, int | None, str], covered: bytes) -> None:
    framing, raw, *_ = CASES[name]
    assert raw_of(framing, raw, piece) == covered
