"""A stream by the native engine, in every way that must give what the Python engine gives."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from sigflow.engine import Native
from sigflow.events import Event
from sigflow.recording.native import NativeRun
from sigflow.runtime.envelope import Envelope
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from tests.stream import damage
from tests.stream.ways import check_tiles, decode, shape


class Pieces:
    """A storage that gives these pieces."""

    name = "<pieces>"
    repeatable = True

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = [piece for piece in pieces if piece]
        self._data = b"".join(pieces)
        self.size: int | None = len(self._data)

    def chunks(self, chunk_size: int = 1, start: int = 0) -> Iterator[bytes]:
        at = 0
        for piece in self._pieces:
            if at + len(piece) > start:
                yield piece[max(0, start - at) :]
            at += len(piece)

    def read(self, start: int, stop: int) -> bytes:
        return self._data[start:stop]

    def close(self) -> None:
        pass


def native_of(envelopes: Sequence[Envelope], *, compile: bool = False) -> Native:
    return Native([Format(envelope) for envelope in envelopes], compile=compile)


def events_of(native: Native, pieces: Sequence[bytes]) -> list[Event]:
    """The events of a stream that comes in these pieces, each at least one window."""
    run = NativeRun(Pieces(pieces), native, chunk_size=1)
    events = list(run.events())
    statistics = run.statistics
    assert (
        statistics.frame_bytes + statistics.idle_bytes + statistics.gap_bytes
        == statistics.bytes
        == sum(map(len, pieces))
    )
    return events


def by_workers(native: Native, pieces: Sequence[bytes], workers: int, size: int) -> list[Event]:
    """The events of a stream that workers scan in ranges of `size` bytes."""
    run = NativeRun(Pieces(pieces), native, chunk_size=1, workers=workers, range_size=size)
    events = list(run.events())
    statistics = run.statistics
    assert (
        statistics.frame_bytes + statistics.idle_bytes + statistics.gap_bytes
        == statistics.bytes
        == sum(map(len, pieces))
    )
    return events


def by_decoder(native: Native, pieces: Sequence[bytes]) -> list[Event]:
    """The events of a decoder that scans natively whatever it can."""
    decoder = Decoder(native.formats, scanner=lambda marks: native.scanner(marks, worth=1))
    events: list[Event] = []
    for piece in pieces:
        decoder.feed(piece)
        events += decoder.events()
    decoder.feed_eof()
    events += decoder.events()
    return events


def check_native(native: Native, data: bytes, seed: int = 0, *, all_ways: bool = True) -> list[Event]:
    """The native engine gives what the Python engine gives: whole and in windows; in all ways, also in a decoder and by
    2, 3 and 7 workers.
    """
    rng = random.Random(seed)
    expected = decode([format.envelope for format in native.formats if format.envelope is not None], [data])
    wanted = shape(expected)
    cut = damage.chunks(rng, data)
    events_by_way = {"whole": lambda: events_of(native, [data]), "windows": lambda: events_of(native, cut)}
    if all_ways:
        events_by_way |= {
            "decoder": lambda: by_decoder(native, cut),
            "2 workers": lambda: by_workers(native, [data], 2, rng.randrange(1, 30)),
            "3 workers": lambda: by_workers(native, cut, 3, rng.randrange(1, 30)),
            "7 workers": lambda: by_workers(native, cut, 7, rng.randrange(5, 50)),
        }
    for way, events in events_by_way.items():
        actual = events()
        assert shape(actual) == wanted, f"{way}: {[len(piece) for piece in cut]} of {data.hex()}"
        check_tiles(actual, data)
    return expected
