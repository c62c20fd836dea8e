"""Linear work and bounded memory, on streams made to break them (`docs/architecture.md`, rules 10 and 11)."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest

from sigflow.events import Gap, Record
from sigflow.runtime.envelope import Checksum, Envelope
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from sigflow.stream.header import Header
from tests.envelopes import changed
from tests.stream import formats as f
from tests.stream import framings

SIZE = 40_000
LONG = replace(
    f.fixed("long", 6, f._claims(2, 6, 10), sync=b"LL", check=(f.CRC, 4, "big", -4, ((0, -4),)), max_frame=1 << 24)
)


def long(payload: bytes) -> bytes:
    head = b"LL" + len(payload).to_bytes(4, "big") + payload
    return head + f.crc_of(head)


def repeated(piece: bytes, size: int = SIZE) -> bytes:
    return (piece * (size // len(piece) + 1))[:size]


def claims(header: Any, step: int, size: int = SIZE) -> bytes:
    """A header every `step` bytes, each claiming all the rest."""
    return b"".join(header(size - at)[:step].ljust(step, b"\1") for at in range(0, size, step))


WIDE = changed(f.PAIR, name="wide", checksums=(Checksum("s", "sum-8", 1, "big", -1, ((2, -1),)),))
HOSTILE: dict[str, tuple[list[Envelope], bytes]] = {
    "all markers": ([f.PAIR], repeated(b"\xaa")),
    "all markers of four bytes": ([f.FRAME], repeated(b"FRAM")),
    "nested claims": ([LONG], claims(lambda left: b"LL" + max(left - 10, 0).to_bytes(4, "big"), 6)),
    "nested claims, half the stream": ([LONG], claims(lambda left: b"LL" + (20000).to_bytes(4, "big"), 6)),
    "a marker every 5 bytes": ([f.PAIR], repeated(b"\xaa\xaa\xff\1\2")),
    "a marker every 5 bytes, long claims": ([LONG], repeated(b"LL\0\0\x4c")),
    "no marker at all": ([changed(f.BARE, run=None)], repeated(b"\x5f\x5e\x5d")),
    "no marker, runs": ([f.BARE], repeated(b"\x5f\x5e\x5d")),
    "good and bad in turns": ([f.FRAME], repeated(f.frame(b"ab") + b"FRAM\1\1\xb0")),
    "two formats": ([f.PAIR, LONG], repeated(b"\xaa\xaa\xf0LL\0\0\x20\0")),
    "words": ([changed(f.ZEROED, max_frame=260)], repeated(b"ZZ\xff\1")),
    "delimiters alone": ([framings.envelope("reduced")], repeated(b"\0")),
    "units without an end": ([framings.envelope("reduced")], repeated(b"\5")),
    "units that lack a delimiter, in turns": ([framings.envelope("maybe")], repeated(b"\x7e\x7f" + b"\0" * 70)),
    "escapes alone": ([framings.envelope("maybe")], repeated(b"\x7d")),
    "short bad units": ([framings.envelope("reduced"), LONG], repeated(b"\5ab\0LL\0\0\4c")),
    "delimiters and a chain": ([framings.envelope("reduced"), framings.envelope("beast")], repeated(b"\x1a1ab\0c\0\0")),
    "literals that begin units": ([framings.envelope("xbee")], repeated(b"\x7e\x30abc")),
    "idle literals": ([changed(f.PAIR, idle=(b"\xff", b"\xaa\xfe"))], repeated(b"\xff\xaa\xfe\xaa\xff")),
    "measured": ([changed(f.FRAME_SLOW, max_frame=260)], repeated(b"FRAM\1\1\xf0\0\0\0\0")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_work_is_at_most_eight_bytes_for_each_byte(name: str) -> None:
    envelopes, data = HOSTILE[name]
    for size in (len(data), 1000):
        decoder = Decoder([Format(envelope) for envelope in envelopes])
        for at in range(0, len(data), size):
            decoder.feed(data[at : at + size])
            list(decoder.events())
        decoder.feed_eof()
        list(decoder.events())
        assert decoder.statistics.work_ratio <= 8


def test_a_clean_stream_is_checksummed_once() -> None:
    for envelope in (f.FRAME, f.FRAME_SLOW):
        decoder = Decoder(Format(envelope))
        decoder.feed(b"".join(f.frame(b"x" * 60, 7, n) for n in range(200)))
        list(decoder.events())
        assert decoder.statistics.work_ratio <= 1


def test_what_was_saved_up_does_not_pay_for_ever() -> None:
    """After a long clean stream the hostile part is paid from what was saved, which is bounded."""
    decoder = Decoder(Format(LONG))
    decoder.feed(long(b"x" * 200_000) * 3 + HOSTILE["nested claims, half the stream"][1])
    decoder.feed_eof()
    list(decoder.events())
    assert decoder.statistics.work_ratio <= 3


@pytest.mark.parametrize(
    ("envelope", "piece"),
    [
        (changed(f.SPACE, chain=6), b"\1\x08\2\7\3"),
        (changed(f.LEGACY, chain=8, max_frame=400), b"\0\0\1\0\x30"),
        (changed(f.LEGACY, chain=8, max_frame=70000), b"\0\xff"),
        (changed(f.SPACE_SLOW, chain=5), b"\0\1\x1f"),
    ],
)
@pytest.mark.parametrize("size", [1, 100, 6000])
def test_looks_at_headers_are_at_most_2n_for_each_byte(
    monkeypatch: pytest.MonkeyPatch, envelope: Envelope, piece: bytes, size: int
) -> None:
    looks = 0
    look = Header.look

    def counted(self: Header, *arguments: Any) -> Any:
        nonlocal looks
        looks += 1
        return look(self, *arguments)

    monkeypatch.setattr(Header, "look", counted)
    rng = random.Random(1)
    data = bytearray(repeated(piece, 6000))
    for _ in range(200):
        data[rng.randrange(len(data))] = rng.randrange(4)
    decoder = Decoder(Format(envelope))
    for at in range(0, len(data), size):
        decoder.feed(bytes(data[at : at + size]))
        list(decoder.events())
    decoder.feed_eof()
    list(decoder.events())
    # Each chunk may ask once more for what waits at its end: the candidate and as many positions as a header has bytes.
    chunks = len(data) // size
    assert envelope.search.chain is not None
    assert looks <= 2 * envelope.search.chain * len(data) + 6 * chunks


def test_header_bytes_that_a_run_looked_at_are_counted_as_looked_at() -> None:
    """A refused header in a refused header is looked at twice; with runs and without, so much is counted."""
    good = b"".join(f.frame(b"abc", 7, number) for number in range(9))
    inside = f.frame(b"abc", 7, 9)[:-1] + b"?"
    data = good + b"FRAM\7\11\3" + inside + good
    reread = []
    for envelope in (f.FRAME, changed(f.FRAME, run=None)):
        decoder = Decoder(Format(envelope))
        decoder.feed(data)
        decoder.feed_eof()
        assert sum(isinstance(event, Record) for event in decoder.events()) == 9 + 9
        reread.append(decoder._scanner._account.reread)
    assert reread == [4, 4]


@pytest.mark.parametrize("size", [7, 100, 5000])
def test_where_a_run_stops_nothing_is_measured_or_checksummed_again(size: int) -> None:
    """The run has said why: a checksum that does not hold, a length beyond the limit, a frame that is cut."""
    asked: list[int] = []

    def counted(data: bytes, at: int, end: int) -> Any:
        told = f.FRAME.measure.static(data, at, end)  # type: ignore[misc]
        if told is not None:  # else the header is not all there
            asked.append(at)
        return told

    good = b"".join(f.frame(b"abc", 7, number) for number in range(9))
    damaged = f.frame(b"abc", 7, 9)[:-1] + b"?"
    long = f.frame(b"x" * 90, 7, 10)
    decoder = Decoder(Format(changed(f.FRAME, static=counted, max_frame=50)))
    data = (good + damaged + good + long[:11]) * 3 + good
    for at in range(0, len(data), size):
        decoder.feed(data[at : at + size])
        list(decoder.events())
    decoder.feed_eof()
    list(decoder.events())
    statistics = decoder.statistics
    assert statistics.frames == 7 * 9 and statistics.gap_bytes == 3 * (len(damaged) + 11)
    assert asked == []
    assert decoder._scanner.work <= len(data) + (11 * len(data) // size if size < 50 else 0)


def test_a_long_frame_in_single_bytes_costs_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    measure = LONG.measure.static

    def counted(*arguments: Any) -> Any:
        nonlocal looks
        looks += 1
        return measure(*arguments)  # type: ignore[misc]

    data = long(bytes(100_000))
    decoder = Decoder(Format(changed(LONG, static=counted)))
    decoder.feed(data[:1])
    for at in range(1, len(data)):
        assert next(decoder.events(), None) is None
        decoder.feed(data[at : at + 1])
    buffer = decoder._pending.data
    assert isinstance(buffer, bytearray) and len(buffer) == len(data)
    assert [event.raw for event in decoder.events() if isinstance(event, Record)] == [data]
    assert looks <= 4


def test_a_header_that_never_ends_is_read_once() -> None:
    """1 MiB behind a marker, in small chunks: the header is refused at its limit, and nothing is kept."""
    decoder = Decoder(Format(f.TEXT))
    decoder.feed(b"*T\n")
    for _ in range(1024):
        decoder.feed(b"A" * 1024)
        assert list(decoder.events()) == []
        assert len(decoder._pending.data) <= 2048
    decoder.feed_eof()
    (gap,) = decoder.events()
    assert isinstance(gap, Gap) and gap.reasons == ("text:header-too-long", "no-marker")


@pytest.mark.parametrize(
    ("envelopes", "piece"),
    [
        ([f.FRAME, f.PAIR], b"FRAM\1\2\xa0"),
        ([changed(f.SPACE, chain=6)], b"\1\x90\2\7\3"),
        ([f.SPACE_SLOW, f.TEXT], b"\1\x1f*T\n"),
        ([f.FRAME_LIVE], f.frame(b"", 1, 1) + b"FRAM\1\2\x90"),
    ],
)
def test_memory_is_bounded_on_endless_damage(envelopes: list[Envelope], piece: bytes) -> None:
    decoder = Decoder([Format(envelope) for envelope in envelopes])
    chunk = repeated(piece, 2000)
    tracemalloc.start()
    try:
        peaks = []
        for _ in range(4):
            for _ in range(8):
                decoder.feed(chunk)
                for _ in decoder.events():
                    pass
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert peaks[3] < peaks[1] * 1.25 + 20_000
