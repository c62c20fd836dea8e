"""What a decoder finds, made ready for the sinks: gaps are tried with the fallback formats, what is left is refused.

Rules.  The frames are numbered as an offline scan of the raw capture with the same fallback formats numbers them: those
that came out of a gap stand where the gap was.  The bytes of a gap are read back from the raw capture, so that a long
one needs no memory; a thread decodes it, so that what comes in meanwhile is received.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from sigflow.events import Event, FrameRun, Gap, Record
from sigflow.quarantine import RefusedRange, SpecUsed
from sigflow.reasons import OVERFLOW
from sigflow.recording.fallback import Fallbacks
from sigflow.recover.decide import followed, neighbour
from sigflow.session.sinks import EVENTS, FRAMES, REFUSED, Frames
from sigflow.storage.session import extents
from sigflow.storage.session.extents import Extent, Extents

if TYPE_CHECKING:
    from sigflow.calibration.following import Following
    from sigflow.stream.checkpoint import Checkpoint
    from sigflow.stream.decoder import Decoder
    from sigflow.stream.format import Format
    from sigflow.stream.statistics import Statistics

#: Bytes of frames, and refused stretches, that are handed on at once, about.
PART, STRETCHES = 1 << 18, 1000
#: Bytes of a gap up to which it is decoded at once; events of a longer one that a thread gives at once.
SHORT, SOME = 16 << 10, 4096


class Refused(NamedTuple):
    """A stretch that is in no frame, and where its bytes are."""

    range: RefusedRange
    extents: tuple[Extent, ...]


class Delivery(NamedTuple):
    """What was found, as sinks want it.  size: bytes of the frames."""

    frames: list[Frames]
    refused: list[Refused]
    events: list[FrameRun | list[Event]]
    size: int


class Found:
    """State: the fallbacks; the number of the next frame; what was not handed on, stretches that
    wait for the frame behind them; the last frame."""

    def __init__(
        self,
        decoder: Decoder,
        fallback: Sequence[Format],
        extents: Extents,
        folder: str,
        id: str,
        name: str,
        specs: tuple[SpecUsed, ...],
        seen: Callable[[Event], object],
        *,
        wanted: Collection[str],
        following: Following | None = None,
    ) -> None:
        """extents: where the bytes of the stream are.  folder: of its segments.  id, name, specs: what a stretch says
        of its stream, and who has refused it.  seen: is told all events that are no frames.  wanted: what sinks
        want.  following: remembers the last values that frames are told.
        """
        self._following = following
        self._decoder = decoder
        self._extents = extents
        self._folder = folder
        self._id, self._name, self._specs = id, name, specs
        self._seen = seen
        self._wants_events, self._wants_refused = EVENTS in wanted, REFUSED in wanted
        self._wants_frames = FRAMES in wanted or self._wants_events
        self.fallbacks = Fallbacks(fallback, self._read) if fallback else None
        #: Those of the decoder, which are bound where a preamble is found, and the fallbacks.
        self.formats: Sequence[Format] = [*decoder.formats, *fallback] if fallback else decoder.formats
        self._next = decoder.statistics.frames
        self._frames: list[Frames] = []
        self._records: list[Record] = []
        self._size = 0
        self._refused: list[Refused] = []
        self._events: list[FrameRun | list[Event]] = []
        self._waiting: list[RefusedRange] = []
        self._last: FrameRun | Record | None = None
        self._others = 0

    def _read(self, start: int, stop: int) -> Iterable[bytes]:
        return extents.read(self._folder, self._extents.of(start, stop))

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on behind what the fallbacks had taken.  Raises `UsageError` where it was others."""
        assert self.fallbacks is not None
        self.fallbacks.restore(checkpoint)
        self._next += self.fallbacks.frames

    @property
    def statistics(self) -> Statistics:
        """What was counted, the fallbacks' frames among it."""
        inner = self._decoder.statistics
        return inner if self.fallbacks is None else self.fallbacks.over(inner)

    async def parts(self) -> AsyncIterator[Delivery]:
        """All that was found since the last call.  To be taken to its end."""
        pieces: Iterable[Iterable[Event]]
        pieces = self._decoder.pieces() if self._wants_frames else ((event,) for event in self._decoder.others())
        for piece in pieces:
            if isinstance(piece, FrameRun):
                self._run(piece)
            else:
                for event in piece:
                    if isinstance(event, Gap) and event.reasons != (OVERFLOW,) and self.fallbacks is not None:
                        async for some in self._of_gap(event):
                            self._take(some)
                            if self._much:
                                yield self._part()
                    else:
                        self._take((event,))
            if self._much:
                yield self._part()
        if isinstance(self.formats, list) and self.fallbacks is not None:
            self.formats[: -len(self.fallbacks.formats)] = self._decoder.formats
        self._follow(None)
        if self._frames or self._records or self._refused or self._events:
            yield self._part()

    async def _of_gap(self, gap: Gap) -> AsyncIterator[Iterable[Event]]:
        """What the fallbacks make of a gap."""
        assert self.fallbacks is not None
        events = self.fallbacks.events(gap)
        if len(gap.span) <= SHORT:
            yield events
            return
        loop = asyncio.get_running_loop()
        while some := await loop.run_in_executor(None, _some, events):
            yield some

    # ---------------------------------------------------------------- one by one

    def _take(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Record):
                self._record(event)
                continue
            self._event(event)
            self._seen(event)
            if isinstance(event, Gap) and event.reasons != (OVERFLOW,) and self._wants_refused:
                self._refuse(event)

    def _run(self, run: FrameRun) -> None:
        """Frames that follow each other."""
        if self.fallbacks is not None:
            run.first = self._next
            self._next += len(run)
        if self._following is not None:
            for record in run:
                self._following.take(record)
        self._flush()
        if self._waiting:
            self._follow(next(iter(run)))
        self._frames.append(run)
        if self._wants_events:
            self._events.append(run)
        self._size += len(run.raw)
        self._last = run

    def _record(self, record: Record) -> None:
        if self.fallbacks is not None:
            record.number(self._next)
            self._next += 1
        if self._following is not None:
            self._following.take(record)
        if not self._wants_frames:
            return
        if self._waiting:
            self._follow(record)
        self._records.append(record)
        self._event(record)
        self._size += record.stop - record.start
        self._last = record

    def _event(self, event: Event) -> None:
        """One more, for who wants all of them."""
        if not self._wants_events:
            return
        if not self._events or not isinstance(self._events[-1], list):
            self._events.append([])
        self._events[-1].append(event)  # type: ignore[union-attr]
        self._others += 1

    def _refuse(self, gap: Gap) -> None:
        """A stretch that is left."""
        last = self._last
        if isinstance(last, FrameRun):
            *_, last = last
            self._last = last
        self._waiting.append(
            RefusedRange(self._id, self._name, gap.span, gap.reasons, self._specs, before=neighbour(last))
        )

    def _follow(self, record: Record | None) -> None:
        """The stretches that waited for the frame behind them, or do not wait any longer."""
        for refused in followed(self._waiting, neighbour(record)):
            span = refused.span
            self._refused.append(Refused(refused, self._extents.of(span.start, span.stop)))

    def _flush(self) -> None:
        if self._records:
            self._frames.append(self._records)
            self._records = []

    @property
    def _much(self) -> bool:
        return self._size >= PART or len(self._refused) >= STRETCHES or self._others >= STRETCHES

    def _part(self) -> Delivery:
        self._flush()
        part = Delivery(self._frames, self._refused, self._events, self._size)
        self._frames, self._refused, self._events, self._size, self._others = [], [], [], 0, 0
        return part


def _some(events: Iterator[Event]) -> list[Event]:
    return list(islice(events, SOME))
