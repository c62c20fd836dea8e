"""Which formats a capture is found to hold."""

from __future__ import annotations

import pytest

from sigflow.recording.detect import detect
from sigflow.storage.memory import MemoryStorage
from tests.stream.test_bundled import MAKERS

SGF1, UBX, NMEA = MAKERS["sgf1"], MAKERS["ubx"], MAKERS["nmea0183"]
#: A message of class 0 with no payload, and its checksum, which is 0 as well.
INSIDE = b"\xb5\x62" + bytes(6)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"", []),
        (b"nothing of the kind" * 50, []),
        (SGF1(b"abc") * 3, [("sgf1", 3)]),
        (UBX(b"abc") + NMEA(b"abc") * 9, [("nmea0183", 9), ("ubx", 1)]),
        (SGF1(b"ab" + INSIDE) * 3, [("sgf1", 3)]),  # it stands in a payload
        (SGF1(b"ab" + INSIDE) * 3 + UBX(b"x"), [("sgf1", 3), ("ubx", 4)]),
        (SGF1(b"ab" + INSIDE)[1:] * 3, [("ubx", 3)]),
    ],
)
def test_the_formats_that_find_frames(data: bytes, wanted: list[tuple[str, int]]) -> None:
    candidates = detect(MemoryStorage(data))
    assert [(candidate.format.name, candidate.frames) for candidate in candidates] == wanted
