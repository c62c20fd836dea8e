"""A stretch of a stream, decoded as a stream of its own, with the offsets of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sigflow.events import Gap, Idle, Record, Span

if TYPE_CHECKING:
    from sigflow.events import Event
    from sigflow.stream.decoder import Decoder


def events_of(decoder: Decoder, chunks: Iterable[bytes], base: int) -> Iterator[Record | Gap | Idle]:
    """Records, gaps and idle bytes of a stretch whose first byte is at offset `base`, without what counters show."""
    for event in _events(decoder, chunks):
        if isinstance(event, Record):
            yield event.moved(base)
        elif isinstance(event, Gap):
            yield Gap(Span(event.span.start + base, event.span.stop + base), event.reasons)
        elif isinstance(event, Idle):
            yield Idle(Span(event.span.start + base, event.span.stop + base))


def _events(decoder: Decoder, chunks: Iterable[bytes]) -> Iterator[Event]:
    for chunk in chunks:
        decoder.feed(chunk)
        yield from decoder.events()
    decoder.feed_eof()
    yield from decoder.events()
