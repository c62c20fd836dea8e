"""Looks at headers where several formats share places: each place pays for so many, and the events stay the same.

The streams are short patterns over and over, found by a search for those that cost most: from each place there are as
many ways of frames as choices of a format for each frame, thousands of them.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from sigflow.engine import Native, loop
from sigflow.recording.native import NativeRun
from sigflow.stream.decoder import Decoder
from sigflow.stream.header import Header
from tests.engine.streams import native
from tests.engine.ways import Pieces, check_native, events_of
from tests.stream.ways import decode, shape

#: Lists of bundled formats, and what is repeated.
PATTERNS = (
    ("ccsds_space_packet+tlv", "0801c0000064"),
    ("ccsds_space_packet+sgf_legacy", "0000001000000010000024"),
    ("ccsds_space_packet+instrument_hdr+tlv", "0801c0000010000100"),
    ("ccsds_space_packet+nmea0183+tlv", "01000801c000"),
    ("ccsds_space_packet+sgf1+sgf_legacy", "000000100100"),
    ("ccsds_space_packet+sgf1+tlv", "0504019c0500"),
    ("ccsds_space_packet+sgf_legacy+tlv", "1900"),
    ("ccsds_space_packet+sgf_legacy+ubx", "080000000001"),
    ("ccsds_space_packet+tlv+ubx", "000000101805c000000100"),
    ("sgf_legacy+tlv", "00000100"),
)


def repeated(pattern: str, size: int) -> bytes:
    piece = bytes.fromhex(pattern)
    return (piece * (size // len(piece) + 1))[:size]


@pytest.mark.parametrize(("name", "pattern"), PATTERNS)
def test_the_work_for_each_byte_is_bounded(name: str, pattern: str) -> None:
    """However long the stream is: two for each of 12 frames of a chain, times 4, in each of two passes, and 6 bytes
    for a look; and what the Python scan does where it takes over.
    """
    scan = native(name, True)
    for size in (1 << 13, 1 << 15):
        assert _ratio(scan, repeated(pattern, size)) <= 1250, size


def _ratio(scan: Native, data: bytes) -> float:
    run = NativeRun(Pieces([data]), scan, chunk_size=len(data))
    for _ in run.events():
        pass
    return run.statistics.work_ratio


@pytest.mark.parametrize("size", [1500, 3000])
@pytest.mark.parametrize(
    ("name", "pattern"),
    [("ccsds_space_packet+tlv", "000000100000000100"), ("ccsds_space_packet+sgf_legacy+tlv", "0801c00000000010")],
)
def test_the_python_scan_follows_no_run_twice(
    name: str, pattern: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one that reaches the end of what has come, in which there may be nearer ends later."""
    looks = 0
    look = Header.look

    def counted(self: Header, *arguments: Any) -> Any:
        nonlocal looks
        looks += 1
        return look(self, *arguments)

    monkeypatch.setattr(Header, "look", counted)
    formats = native(name, False).formats
    longest = max(format.envelope.search.chain or 0 for format in formats if format.envelope is not None)
    decoder = Decoder(formats, engine="python")
    decoder.feed(repeated(pattern, size))
    decoder.feed_eof()
    for _ in decoder.events():
        pass
    assert looks <= longest * len(formats) * size


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", sorted({name for name, _ in PATTERNS}))
def test_what_is_kept_and_what_runs_out_change_no_event(name: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With next to no room for what is kept, with nothing saved up, or without anything that pays: the same events."""
    rng = random.Random(f"{name} {seed}")
    scan = native(name, False)
    code = scan.entries.scan().__globals__  # type: ignore[attr-defined]
    monkeypatch.setitem(code, "NEAR_ROWS", rng.choice((16, 256, loop.NEAR_ROWS)))
    monkeypatch.setitem(code, "LOOKS_PAID", rng.choice((0, 1, 2)))
    monkeypatch.setitem(code, "LOOKS_SAVED", rng.choice((0, 100, 1 << 20)))
    patterns = [pattern for _, pattern in PATTERNS]
    data = bytearray()
    for _ in range(rng.randrange(1, 4)):
        data += repeated(rng.choice(patterns), rng.randrange(20, 150))
    for _ in range(rng.choice((0, 2, 12))):
        data[rng.randrange(len(data))] = rng.choice((0, 1, 8, 255))
    envelopes = [format.envelope for format in scan.formats if format.envelope is not None]
    assert shape(events_of(scan, [bytes(data)])) == shape(decode(envelopes, [bytes(data)]))
    if seed == 0:
        check_native(scan, bytes(data), seed)
