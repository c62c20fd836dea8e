"""Streams that checks give to plug-ins: valid captures of a format, their events, and damage to them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from sigflow import catalog
from sigflow.events import Event, Gap, Idle, Record
from sigflow.generation import generate
from sigflow.stream.decoder import Decoder
from sigflow.stream.format import Format

#: The format of captures where a plug-in names none.
USUAL = "sgf1"


def capture(format: Format, frames: int = 32, seed: int = 0) -> bytes:
    """A valid capture.  Raises `GenerationError` where no frame can be made."""
    return b"".join(generate(format, frames=frames, seed=seed))


def records(formats: Sequence[str] = (), frames: int = 32) -> list[Record]:
    """Records of these formats, or of a usual one."""
    made: list[Record] = []
    for name in formats or (USUAL,):
        format = catalog.load(name)
        made += (event for event in decoded([format], [capture(format, frames)]) if isinstance(event, Record))
    return made


def events(seed: int = 0) -> list[Event]:
    """Events of every class, of a capture with damage and losses."""
    format = catalog.load(USUAL)
    data = bytearray(capture(format, 40, seed))
    bounds = [event.start for event in decoded([format], [bytes(data)]) if isinstance(event, Record)]
    data[bounds[30] + 4] ^= 1
    del data[bounds[10] : bounds[14]]
    return decoded([format], [bytes(data)])


def decoded(formats: Sequence[Format], pieces: Sequence[bytes]) -> list[Event]:
    """The events of a stream that comes in these pieces, by the Python engine."""
    return taken(Decoder(formats, engine="python"), pieces)


def taken(decoder: Decoder, pieces: Sequence[bytes]) -> list[Event]:
    """The events that a decoder gives of these pieces and the end of the stream."""
    events: list[Event] = []
    for piece in pieces:
        decoder.feed(piece)
        events += decoder.events()
    decoder.feed_eof()
    return [*events, *decoder.events()]


def shape(events: Sequence[Event]) -> list[tuple[Any, ...]]:
    """Events as plain tuples: what two ways of decoding must agree on."""
    shapes: list[tuple[Any, ...]] = []
    for event in events:
        if isinstance(event, Record):
            shapes.append(("frame", event.start, event.raw, event.format, event.index, event.sequence))
        elif isinstance(event, Gap):
            shapes.append(("gap", event.span.start, event.span.stop, event.reasons))
        else:
            shapes.append((type(event).__name__, *(getattr(event, name) for name in event.__match_args__)))
    return shapes


def untiled(events: Sequence[Event], data: bytes) -> str:
    """Where records, gaps and what is idle are not the stream, one behind the other; "" where they are."""
    at = 0
    for event in events:
        if isinstance(event, Record):
            if event.start != at or event.raw != data[at : event.stop]:
                return f"the frame at {event.start} does not begin at {at}, or has other bytes"
            at = event.stop
        elif isinstance(event, Gap | Idle):
            if event.span.start != at or not len(event.span):
                return f"the gap at {event.span.start} does not begin at {at}, or has no bytes"
            at = event.span.stop
    return "" if at == len(data) else f"{at} of {len(data)} bytes are told"


def cuts(data: bytes, rng: random.Random) -> Iterator[bytes]:
    """The data in pieces of any size."""
    at = 0
    while at < len(data):
        stop = at + rng.choice((1, 2, 3, rng.randrange(1, 9), rng.randrange(1, 400)))
        yield data[at:stop]
        at = stop
