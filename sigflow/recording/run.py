"""One pass of a decoder over a storage.

State: the decoder, and for who asks for it the chunks since the end of the last event, so that a gap can be looked at
again without reading the stream twice (a pipe cannot be).  They are references to chunks that the decoder holds as
well, and bounded: of a long gap only the beginning is kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from sigflow.diagnostics import Severity
from sigflow.events import Gap, Note, Record
from sigflow.recording.report import COMPRESSED
from sigflow.storage.compressed import CompressedError
from sigflow.stream.decoder import Decoder
from sigflow.stream.sequence import Counts
from sigflow.stream.statistics import Statistics

if TYPE_CHECKING:
    from sigflow.events import Event
    from sigflow.limits import Limits
    from sigflow.recording.choice import MakeScanner
    from sigflow.stream.format import Format

#: Bytes kept since the last event, at most.
KEPT = 20 << 20
#: The statistics of a stream that holds no bytes.
NOTHING = Statistics(0, 0, 0, 0, {}, Counts().tree())


class AnyRun(Protocol):
    """One pass over a storage, by whichever engine."""

    #: Which engine it is.
    engine: str
    #: The formats with the limits that hold here.
    formats: Sequence[Format]

    @property
    def statistics(self) -> Statistics:
        """What has been counted so far."""
        ...

    def __iter__(self) -> Iterator[Event]:
        """The events in the order of the stream; once only."""
        ...

    def known(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), as far as they are known."""
        ...


class Run:
    """Iterates over the events of `chunks`; once only.  Without a format there is nothing to say of them."""

    def __init__(
        self,
        chunks: Iterable[bytes],
        formats: Sequence[Format],
        *,
        limits: Limits | None = None,
        strict: bool = False,
        keep: bool = False,
        scanner: MakeScanner | None = None,
    ) -> None:
        """scanner: makes the scanner of the decoder, where it is not the plain one."""
        self._chunks = chunks
        self._decoder = Decoder(formats, limits=limits, strict=strict, scanner=scanner) if formats else None
        self.engine = "python"
        self._strict = strict
        self.formats: Sequence[Format] = self._decoder.formats if self._decoder is not None else ()
        self._keep = keep
        self._kept: deque[tuple[int, bytes]] = deque()
        self._kept_bytes = 0
        self._fed = 0

    @property
    def statistics(self) -> Statistics:
        """What has been counted so far."""
        return NOTHING if self._decoder is None else self._decoder.statistics

    def __iter__(self) -> Iterator[Event]:
        decoder = self._decoder
        if decoder is None:
            return
        chunks, fault = iter(self._chunks), None
        while True:
            try:
                chunk = next(chunks, None)
            except CompressedError as error:
                if self._strict:
                    raise
                chunk, fault = None, error
            if chunk is None:
                break
            if self._keep and self._kept_bytes <= KEPT:
                self._kept.append((self._fed, chunk))
                self._kept_bytes += len(chunk)
            self._fed += len(chunk)
            decoder.feed(chunk)
            yield from self._events(decoder)
        decoder.feed_eof()
        yield from self._events(decoder)
        if fault is not None:
            yield Note(COMPRESSED, Severity.ERROR, str(fault), self._fed)

    def _events(self, decoder: Decoder) -> Iterator[Event]:
        if not self._keep:
            yield from decoder.events()
            return
        done = 0
        for event in decoder.events():
            yield event
            if isinstance(event, Record | Gap):
                done = event.span.stop
        while self._kept and self._kept[0][0] + len(self._kept[0][1]) <= done:
            self._kept_bytes -= len(self._kept.popleft()[1])

    def known(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), as far as they are kept; meant for the span of the event just given, and on."""
        pieces = []
        for first, chunk in self._kept:
            if first > start or start >= stop:
                break  # beyond, or what lay between was not kept
            if first + len(chunk) > start:
                pieces.append(chunk[start - first : stop - first])
                start = first + len(chunk)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
