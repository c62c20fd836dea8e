"""The one strong check: a stream decoded in every way gives the same events, and they tile it."""

from __future__ import annotations

import random
from collections.abc import Sequence

from sigflow.engine import Native
from sigflow.events import Event, Gap, Idle, Record
from sigflow.runtime.envelope import Envelope
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format
from sigflow.testing.streams import shape
from tests.stream import damage


def decode(envelopes: Sequence[Envelope], pieces: Sequence[bytes], drop: random.Random | None = None) -> list[Event]:
    """The events of a stream in these chunks, by the Python scan.  drop: forgets all caches at random moments."""
    decoder = Decoder([Format(envelope) for envelope in envelopes], engine="python")
    events: list[Event] = []
    for piece in pieces:
        decoder.feed(piece)
        if drop is None:
            events += decoder.events()
        elif drop.random() < 0.8:  # else the chunk waits for the next
            events += _taken_with_drops(decoder, drop)
    decoder.feed_eof()
    events += decoder.events()
    statistics = decoder.statistics
    assert statistics.frame_bytes + statistics.idle_bytes + statistics.gap_bytes == statistics.bytes
    assert statistics.pending_bytes == 0
    return events


def _taken_with_drops(decoder: Decoder, drop: random.Random) -> list[Event]:
    """The events so far, taken in several goes, with all caches forgotten between some."""
    events: list[Event] = []
    if drop.random() < 0.5:
        decoder._scanner.drop()
    for event in decoder.events():
        events.append(event)
        if drop.random() < 0.3:
            break  # what was not taken comes with the next call
    if drop.random() < 0.3:
        decoder._scanner.drop()
    events += decoder.events()
    return events


def check_tiles(events: Sequence[Event], data: bytes) -> None:
    """Records, gaps and what is idle, in order, are the stream; no two gaps touch, nor two idle stretches."""
    at, before = 0, None
    for event in events:
        if isinstance(event, Record):
            assert event.start == at and event.raw == data[at : event.stop]
            at, before = event.stop, Record
        elif isinstance(event, Gap):
            assert event.span.start == at and len(event.span) > 0 and before is not Gap
            assert event.reasons and len(set(event.reasons)) == len(event.reasons)
            at, before = event.span.stop, Gap
        elif isinstance(event, Idle):
            assert event.span.start == at and len(event.span) > 0 and before is not Idle
            at, before = event.span.stop, Idle
    assert at == len(data)


def decode_all_ways(envelopes: Sequence[Envelope], data: bytes, rng: random.Random | None = None) -> list[Event]:
    """The events of `data`, after all ways of decoding it have agreed: whole, bytewise, cuts and dropped caches by the
    choices of `rng`; of some streams also live, with engines that change in the middle.
    """
    rng = random.Random(0) if rng is None else rng
    events = decode(envelopes, [data])
    check_tiles(events, data)
    expected = shape(events)
    pieces_by_way = {"bytewise": [data[n : n + 1] for n in range(len(data))]}
    pieces_by_way["cuts"] = damage.chunks(rng, data)
    for way, pieces in pieces_by_way.items():
        actual = shape(decode(envelopes, pieces))
        assert actual == expected, f"{way}: {[len(piece) for piece in pieces]} of {data.hex()}"
    pieces = damage.chunks(rng, data)
    actual = shape(decode(envelopes, pieces, rng))
    assert actual == expected, f"dropped caches: {[len(piece) for piece in pieces]} of {data.hex()}"
    native = _native_of(envelopes) if rng.random() < LIVE else None
    if native is not None:
        from tests.engine.ways import by_decoder

        pieces = damage.chunks(rng, data)
        live = shape(by_decoder(native, pieces, rng))
        # (With a native measure a header may tell its counter, and then another frame may be overtaken.)
        expected = shape(decode([format.envelope for format in native.formats if format.envelope is not None], [data]))
        assert live == expected, f"live: {[len(piece) for piece in pieces]} of {data.hex()}"
    return events


#: The share of streams that are decoded natively, too: as plain Python it takes longer than all else.
LIVE = 0.2


#: The native scans so far, None where there is none, by the identity of the envelopes, which are kept for that.
_natives: dict[tuple[int, ...], tuple[Sequence[Envelope], Native | None]] = {}


def _native_of(envelopes: Sequence[Envelope]) -> Native | None:
    """The native scan of these formats, where they can have one."""
    key = tuple(map(id, envelopes))
    if key not in _natives:
        _natives[key] = list(envelopes), _made(envelopes)
    return _natives[key][1]


def _made(envelopes: Sequence[Envelope]) -> Native | None:
    from tests.engine.formats import NATIVE_MEASURES, with_native_measure

    if any(envelope.measure.native is None and envelope.about.name not in NATIVE_MEASURES for envelope in envelopes):
        return None
    formats = [Format(with_native_measure(envelope)) for envelope in envelopes]
    return None if Native.obstacle(formats) else Native(formats, compile=False)
