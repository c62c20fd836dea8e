"""The streams that a careless reader of the instrument frame gets wrong: each comes out right for every chunking.

A row is a list of pieces: a frame that must come out as a record, or bytes that must not, with the reasons of their
gap.  Beside them, `record.metadata` and `record.payload` are held against what the frame was made of.
"""

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import Iterator
from itertools import pairwise

import pytest

import sigflow
from sigflow.events import Event, Gap, Record
from tests.work import calls_of

CHUNKS = (1, 7, 64, 512, None)
#: A frame and the metadata that its record must have, or other bytes and the reasons of their gap.
Piece = tuple[bytes, dict[str, str]] | tuple[bytes, tuple[str, ...]]


def frame(payload: bytes, *lines: str) -> bytes:
    """A good frame: these lines, then LEN unless they say it."""
    said = any(line.startswith("LEN:") for line in lines)
    header = "".join(f"{line}\r\n" for line in ("*HDR", *lines, *(() if said else (f"LEN:{len(payload)}",)), ";END"))
    return header.encode("latin-1") + payload + zlib.crc32(payload).to_bytes(4, "big")


def good(payload: bytes = b"A", *lines: str) -> Piece:
    """A frame that must come out, with its metadata."""
    raw = frame(payload, *lines)
    said = [line for line in raw.split(b"\r\n;END\r\n")[0].decode("ascii").split("\r\n")[1:] if line != ";END"]
    return raw, dict(line.split(":", 1) for line in said)


def bad(raw: bytes, *reasons: str) -> Piece:
    """Bytes that are no frame: the marker's first byte for these reasons, the others because no marker is there."""
    return raw, (*(f"instrument_hdr:{reason}" for reason in reasons), "no-marker")


G = frame(b"A")
CRC_OF_A = G[-4:]


def header(*lines: bytes) -> bytes:
    return b"".join(line + b"\r\n" for line in (b"*HDR", *lines, b";END"))


def short(*lines: bytes, reason: str) -> list[Piece]:
    """A header that is refused, then G."""
    return [bad(header(*lines), reason), good()]


LENGTHS = (b"0", b"00000000", b"-1", b"x", b"", b"0x10", b"1_0", b"+4", b" 4", b"4 ", b"4.0", b"1e3", b"10000001",
           b"000000001", b"99999999", b"9" * 4000)  # fmt: skip
OUTER = frame(b"<<" + G + b">>", "N:1")

ROWS: dict[str, list[Piece]] = {
    "a bad checksum": [bad(G[:-4] + bytes(4), "checksum"), good()],
    "ten good and two bad": [
        *[good(bytes((n,)) * (20 * n + 1), f"N:{n}") for n in range(4)],
        bad(frame(b"damaged", "N:4")[:-1] + b"?", "checksum"),
        *[good(bytes((n,)) * 300, "ENDIAN:B") for n in range(3)],
        bad(frame(b"damaged too").replace(b"LEN:11", b"LEN:1l"), "bad-length"),
        *[good(b"\r\n;END\r\n" * n) for n in range(1, 4)],
    ],
    "no length": [bad(header(), "bad-length"), good(), bad(header(b"MODE:CAL"), "bad-length"), good()],
    **{f"length {text.decode()[:10]!r}, {len(text)}": short(b"LEN:" + text, reason="bad-length") for text in LENGTHS},
    "a length of 5,000 digits": short(b"LEN:" + b"1" * 5000, reason="header-too-long"),
    "eight digits are a length": [good(b"A", "LEN:00000001"), good()],
    "a byte above 0x7F in a value": short(b"N:a\xe9b", b"LEN:1", reason="not-ascii"),
    "a byte above 0x7F in a key": short(b"\xc3\xa9:x", b"LEN:1", reason="not-ascii"),
    "a byte above 0x7F without a colon": short(b"\xff\xfe", b"LEN:1", reason="not-ascii"),
    "control characters": [*short(b"N:\x1b[31m", reason="not-ascii"), *short(b"N:a\nb", reason="not-ascii"),
                           *short(b"N:\x7f", reason="not-ascii"), *short(b"N:\0", reason="not-ascii")],
    "a length that claims everything": [bad(header(b"LEN:9999999"), "truncated"), *[good()] * 1000],
    "a payload cut short": [bad(header(b"LEN:50") + b"A", "checksum"), good(), good(), good()],
    "a payload cut short at the end": [good(), bad(header(b"LEN:90") + b"A", "truncated"), good(), good()],
    "the terminator inside a value": [good(b"A", "N:;END"), good(b"A", "N: ;END"), good(b"A", ";END2:"), good()],
    "an aborted header": [bad(b"*HDR\r\nMODE:CAL\r\n", "aborted"), good(), bad(b"*HDR\r\n", "aborted"), good()],
    "a value that ends in a marker": [bad(b"*HDR\r\nN:", "aborted"), good()],
    "a length given twice": short(b"LEN:9", b"LEN:4", reason="duplicate-key"),
    "other keys given twice": [*short(b"N:1", b"LEN:4", b"N:1", reason="duplicate-key"),
                               *short(b"LEN:1", b"ENDIAN:L", b"ENDIAN:L", reason="duplicate-key"),
                               good(b"A", "n:1", "N:1")],
    "lines that are none": [*short(b"no colon", reason="bad-line"), *short(b":no key", reason="bad-line"),
                            *short(b"", reason="bad-line"), *short(b"END", reason="bad-line")],
    "byte orders": [*short(b"ENDIAN:X", b"LEN:1", reason="bad-endian"),
                    *short(b"ENDIAN:", b"LEN:1", reason="bad-endian"),
                    *short(b"ENDIAN:l", b"LEN:1", reason="bad-endian"), good(b"A", "ENDIAN:B"), good(b"A", "ENDIAN:L")],
    "a line end that is half of one": [bad(b"*HDR\r\nLEN:1\r;END\r\n", "bad-line"), good(),
                                       bad(b"*HDR\r\nLEN:1\n;END\r\n", "not-ascii"), good()],
    "a header of 4,096 bytes and of one more": [good(b"A", "N:" + "x" * (4096 - 23)),
                                                bad(frame(b"A", "N:" + "x" * (4096 - 22)), "header-too-long"), good()],
    "a frame in a payload, the outer marker intact": [good(b"<<" + G + b">>", "N:1"), good()],
    "a frame in a payload, the outer marker damaged": [
        (b"*HDX" + OUTER[4 : OUTER.index(G)], ("no-marker",)), good(), (b">>" + OUTER[-4:], ("no-marker",)), good(),
    ],
    "a frame in a payload, the outer header damaged": [
        bad(OUTER[: OUTER.index(G)].replace(b"N:1", b"N\x81"), "not-ascii"), good(),
        (b">>" + OUTER[-4:], ("no-marker",)),
    ],
    "noise with halves of markers": [(b"*HD*HDR\n\r*HDR\r*", ("no-marker",)), good(),
                                     (b"\r\n;END\r\n", ("no-marker",))],
}  # fmt: skip


def decoded(data: bytes, chunk: int | None) -> list[Event]:
    decoder = sigflow.load("instrument_hdr").decoder()
    events: list[Event] = []
    for at in range(0, len(data), chunk or len(data) or 1):
        decoder.feed(data[at : at + (chunk or len(data))])
        events += decoder.events()
    decoder.feed_eof()
    events += decoder.events()
    assert decoder.statistics.frame_bytes + decoder.statistics.gap_bytes == len(data)
    return events


def check(events: list[Event], pieces: list[Piece]) -> None:
    """The events are the pieces, one by one."""
    at = 0
    assert len(events) == len(pieces)
    for event, (raw, wanted) in zip(events, pieces, strict=True):
        if isinstance(wanted, dict):
            assert isinstance(event, Record)
            assert (event.start, event.raw) == (at, raw)
            assert list(event.metadata.items()) == list(wanted.items())  # its own keys, in order, and no one else's
            payload = raw[raw.index(b"\r\n;END\r\n") + 8 : -4]
            assert event.payload.readonly and event.payload == payload == event.value.payload
            assert not event.diagnostics
        else:
            assert isinstance(event, Gap)
            assert (event.span.start, event.span.stop, event.reasons) == (at, at + len(raw), wanted)
        at += len(raw)


@pytest.mark.parametrize("name", ROWS)
def test_row(name: str) -> None:
    pieces = ROWS[name]
    data = b"".join(raw for raw, _ in pieces)
    for chunk in (*CHUNKS, 16, 100, 256):
        check(decoded(data, chunk), pieces)


def test_the_rows_are_what_they_say() -> None:
    assert (len(G), G) == (24, b"*HDR\r\nLEN:1\r\n;END\r\nA" + bytes.fromhex("d3d99e8b"))
    assert len(LENGTHS) == len({text[:10] + bytes([len(text) % 256]) for text in LENGTHS})
    for pieces in ROWS.values():
        assert any(isinstance(wanted, dict) for _, wanted in pieces)
        assert not any(isinstance(a[1], tuple) and isinstance(b[1], tuple) for a, b in pairwise(pieces))


@pytest.mark.parametrize("before", [b"", G])
def test_a_frame_cut_after_each_of_its_bytes(before: bytes) -> None:
    for cut in range(1, len(G)):
        expected = [good()] * bool(before) + [bad(G[:cut], "truncated")]
        if cut == 1:
            expected[-1] = (G[:1], ("instrument_hdr:truncated",))
        for chunk in CHUNKS:
            check(decoded(before + G[:cut], chunk), expected)


def test_the_array_has_the_byte_order_of_the_frame() -> None:
    for order, wanted in (("L", [1, 2]), ("B", [0x100, 0x200])):
        (record,) = decoded(frame(b"\1\0\2\0", f"ENDIAN:{order}"), 7)
        assert isinstance(record, Record)
        array = record.numpy("u2")
        assert array.tolist() == wanted
        assert not array.flags.writeable and not array.flags.owndata


# ---------------------------------------------------------------- long streams

MIB = 1 << 20


def endless(count: int, chunk: int) -> Iterator[bytes]:
    """A marker, `count` MiB of A, a good frame: in chunks of this size."""
    yield b"*HDR\r\n"
    piece = b"A" * chunk
    for _ in range(count * MIB // chunk):
        yield piece
    yield G


#: Bytes of the arrays of a native scan, whatever it scans.
ARRAYS = 5 * MIB


def drained(count: int, chunk: int, engine: str = "auto") -> list[Event]:
    """Decode that: the events."""
    decoder = sigflow.load("instrument_hdr").decoder(engine=engine)
    events: list[Event] = []
    for piece in endless(count, chunk):
        decoder.feed(piece)
        events += decoder.events()
    decoder.feed_eof()
    events += decoder.events()
    return events


@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.parametrize("chunk", [1024, 64 * MIB])
def test_a_header_that_never_ends(chunk: int, engine: str) -> None:
    """64 MiB behind a marker: bounded memory, linear time, and the frame after it is there."""
    drained(1, MIB, engine)  # what has to be loaded for it, and to be compiled
    tracemalloc.start()
    try:
        events = drained(64, chunk, engine)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    gap, record = events
    assert isinstance(gap, Gap) and gap.reasons == ("instrument_hdr:header-too-long", "no-marker")
    assert len(gap.span) == 64 * MIB + 6
    assert isinstance(record, Record) and record.raw == G
    # What the test makes, and the receive buffer: a chunk goes behind the marker that waits for it.
    assert peak < 2 * chunk + 200_000 + (ARRAYS if engine == "native" else 0)


def test_a_header_that_never_ends_takes_linear_time() -> None:
    small, large = (calls_of(lambda size=size: drained(size, 1024)) for size in (4, 32))
    assert large < 8 * small * 1.1, (small, large)


def test_markers_in_a_header_that_never_ends() -> None:
    """A marker every 100 bytes of 8 MiB in one chunk: none is searched further than a header may reach."""
    decoder = sigflow.load("instrument_hdr").decoder()
    markers = 8 * MIB // 100
    decoder.feed((b"*HDR\r\n" + b"A" * 94) * markers)
    decoder.feed_eof()
    events: list[Event] = []
    calls = calls_of(lambda: events.extend(decoder.events()))
    (gap,) = events
    assert isinstance(gap, Gap)
    assert decoder.statistics.work_ratio <= 8
    assert calls < 100 * markers, calls


@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.parametrize("chunk", [512, 65536, MIB, None])
def test_a_large_payload_is_copied_once(chunk: int | None, engine: str) -> None:
    """9 MB: at no time are there more than the receive buffer and one copy, also while the record is looked at."""
    size = 9_000_000
    data = frame(bytes(range(250)) * (size // 250), "ENDIAN:B") + b"*HDR\r\nLEN"
    step = chunk or len(data)
    pieces = [data[at : at + step] for at in range(0, len(data), step)]
    drained(1, MIB, engine)
    decoder = sigflow.load("instrument_hdr").decoder(engine=engine)
    import numpy  # its import is none of the memory in question

    tracemalloc.start()
    try:
        for piece in pieces:
            decoder.feed(piece)
            for event in decoder.events():
                assert isinstance(event, Record)
                array = event.numpy("u4")
                assert numpy.shares_memory(array, numpy.frombuffer(event.payload, "u1"))
                assert len(event.payload) == size
                assert int(array[0]) == 0x00010203
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The receive buffer is a bytearray, which Python lets grow by an eighth at a time.
    assert decoder.statistics.frames == 1
    beside = (1 if chunk is None else 2) * MIB + (ARRAYS if engine == "native" else 0)
    assert peak < size * (2 + 1 / 8) + beside
