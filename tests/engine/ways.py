"""A stream by the native engine, in every way that must give what the Python engine gives."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from sigflow.engine import Native
from sigflow.engine.live import LiveEngine
from sigflow.events import Event, Record
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


def live_decoder(native: Native, rng: random.Random, **more: Any) -> Decoder:
    """A decoder that scans natively whatever it can, with a buffer of a few bytes or many."""
    engine = LiveEngine(
        lambda formats: native, lambda formats, fed: 0, worth=rng.choice((1, 30)),
        room=rng.choice((1, 8, 30, 100, 1000)), held=rng.choice((1, 20, 50, 1000)),
    )  # fmt: skip
    return Decoder(native.formats, engine=engine, **more)


def by_decoder(native: Native, pieces: Sequence[bytes], rng: random.Random, taking: str = "events") -> list[Event]:
    """The events of a live decoder, which changes engines wherever it may, and at random moments beside that.

    taking: `events`, or what is called in between instead, of whose events only the number is known.
    """
    decoder = live_decoder(native, rng)
    plain = Decoder(native.formats, engine="python")
    events: list[Event] = []
    for piece in [*pieces, None]:
        for machine in (decoder, plain):
            machine.feed(piece) if piece is not None else machine.feed_eof()
        if piece is not None and rng.random() < 0.2:
            continue  # it waits for the next
        expected = list(plain.events())
        if taking == "count" and rng.random() < 0.5:
            if rng.random() < 0.5:
                assert decoder.count() == len(expected)
            else:
                others = [event for event in expected if not isinstance(event, Record)]
                assert shape(decoder.others()) == shape(others)
            events += expected
        else:
            taken = list(decoder.events())
            assert shape(taken) == shape(expected), f"at {plain.statistics.bytes}"
            events += taken
        assert decoder.statistics == plain.statistics
        assert decoder.state == plain.state
        if rng.random() < 0.1:
            assert decoder.pending == plain.pending
        if rng.random() < 0.1:
            assert shape(decoder.provisional()) == shape(plain.provisional())
        switch(decoder, rng)
    return events


def switch(decoder: Decoder, rng: random.Random) -> None:
    """Change engines, or not."""
    if rng.random() < 0.5:
        if decoder._live is not None:
            decoder._leave()
        decoder._stuck = -1
        decoder._rest = 0


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
            "decoder": lambda: by_decoder(native, cut, rng),
            "bytewise": lambda: by_decoder(native, [data[n : n + 1] for n in range(len(data))], rng),
            "counted": lambda: by_decoder(native, cut, rng, "count"),
            "2 workers": lambda: by_workers(native, [data], 2, rng.randrange(1, 30)),
            "3 workers": lambda: by_workers(native, cut, 3, rng.randrange(1, 30)),
            "7 workers": lambda: by_workers(native, cut, 7, rng.randrange(5, 50)),
        }
    for way, events in events_by_way.items():
        actual = events()
        assert shape(actual) == wanted, f"{way}: {[len(piece) for piece in cut]} of {data.hex()}"
        check_tiles(actual, data)
    return expected
