"""One pass of a decoder over a storage.

State: the decoder, and for who asks for it the chunks since the end of the last event, so that a gap can be looked at
again without reading the stream twice (a pipe cannot be).  They are references to chunks that the decoder holds as
well, and bounded: of a long gap only the beginning is kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from sigflow.diagnostics import Severity
from sigflow.events import Gap, Idle, Note, Record
from sigflow.recording.batches import SIZE, framed
from sigflow.recording.report import COMPRESSED, LONGEST
from sigflow.recording.verdict import EventPass, EventVerdict, Verdict
from sigflow.storage.compressed import CompressedError
from sigflow.stream.decoder import Decoder
from sigflow.stream.sequence import Counts
from sigflow.stream.statistics import Statistics

if TYPE_CHECKING:
    from sigflow.columns.frames import Array, FrameBatch
    from sigflow.events import Event
    from sigflow.recording.diagnosis.budget import Budget
    from sigflow.stream.checkpoint import Checkpoint
    from sigflow.stream.cuts import Cut
    from sigflow.stream.engines import Engine
    from sigflow.stream.format import Format

#: Bytes kept since the last event, at most.
KEPT = 20 << 20
#: The statistics of a stream that holds no bytes.
NOTHING = Statistics(0, 0, 0, 0, {}, Counts().tree())


class AnyRun(EventPass, Protocol):
    """One pass over a storage, by whichever engine; it is asked one of these, once."""

    def frames(self, size: int = SIZE, *, raw: bool = True) -> Iterator[FrameBatch]:
        """The frames as arrays, at most `size` at a time; raw: with their bytes, which else need not be there."""
        ...

    def views(self, size: int = SIZE) -> Iterator[FrameBatch]:
        """The same as they were read: their bytes are valid until the next frames are asked for."""
        ...

    def offsets(self) -> Iterator[Array]:
        """Where the frames begin, as int64, many at a time as they are found."""
        ...

    def verdict(self, longest: int = LONGEST, budget: Budget | None = None) -> Verdict:
        """What will be the verdict once all was read.  longest: entries of a list.  budget: see `Verdict`."""
        ...


class Section(NamedTuple):
    """Some frames of a stream, and what else is told there: events, each with how many of the frames stand before it.

    Of records there are those that may have something to say, and of each format the first.
    """

    frames: FrameBatch
    events: list[tuple[int, Event]]


@runtime_checkable
class BySections(Protocol):
    """A run that gives frames as arrays and all else as events."""

    def sections(self) -> Iterator[Section]:
        """The stream in order; once only."""
        ...


@runtime_checkable
class Unsplittable(Protocol):
    """A run that several threads scan, and that one can scan instead."""

    def unsplit(self) -> None:
        """One thread scans; said before anything is asked."""
        ...


class OfEvents:
    """What a run that gives events answers beside them."""

    formats: Sequence[Format]

    def frames(self: EventPass, size: int = SIZE, *, raw: bool = True) -> Iterator[FrameBatch]:
        """The frames as arrays, at most `size` at a time; their bytes are always there."""
        return framed((event for event in self.events() if isinstance(event, Record)), self.formats, size)

    def views(self: EventPass, size: int = SIZE) -> Iterator[FrameBatch]:
        """The same: they are made of records, and were copied then."""
        return framed((event for event in self.events() if isinstance(event, Record)), self.formats, size)

    def offsets(self: EventPass) -> Iterator[Array]:
        """Where the frames begin, many at a time."""
        records = (event for event in self.events() if isinstance(event, Record))
        return (frames.offsets for frames in framed(records, self.formats))

    def verdict(self: EventPass, longest: int = LONGEST, budget: Budget | None = None) -> EventVerdict:
        """A verdict on this pass."""
        return EventVerdict(self, longest, budget)


class Run(OfEvents):
    """A pass over `chunks`.  Without a format there is nothing to say of them."""

    def __init__(
        self,
        chunks: Iterable[bytes],
        formats: Sequence[Format],
        *,
        strict: bool = False,
        keep: bool = False,
        engine: Engine | None = None,
        cuts: Iterable[Cut] = (),
        marks: Collection[tuple[int, str]] = (),
        resume: Checkpoint | None = None,
        stop: int | None = None,
    ) -> None:
        """engine: what may scan for the decoder.  cuts, marks: those of the stream; no chunk goes over missing
        bytes.  resume: where the pass begins, from whose `start` on chunks are.  stop: where it ends.
        """
        self._chunks = chunks
        self._part = _Part(formats, stop) if resume is not None else None
        self._decoder = (
            Decoder(formats, strict=strict, engine=engine, cuts=cuts, marks=marks, resume=resume) if formats else None
        )
        self.engine = "python"
        self._strict = strict
        self.formats: Sequence[Format] = self._decoder.formats if self._decoder is not None else ()
        self._keep = keep
        self._kept: deque[tuple[int, bytes]] = deque()
        self._kept_bytes = 0

    @property
    def statistics(self) -> Statistics:
        """What has been counted so far."""
        if self._decoder is None:
            return NOTHING
        told = self._decoder.statistics
        return told if self._part is None else self._part.statistics(told)

    def events(self) -> Iterator[Event]:
        """The events in the order of the stream; once only."""
        return self._all() if self._part is None else self._part.events(self._all())

    def _all(self) -> Iterator[Event]:
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
                self._kept.append((decoder.fed, chunk))
                self._kept_bytes += len(chunk)
            decoder.feed(chunk)
            yield from self._events(decoder)
        decoder.feed_eof()
        yield from self._events(decoder)
        if fault is not None:
            yield Note(COMPRESSED, Severity.ERROR, str(fault), decoder.fed)

    def _events(self, decoder: Decoder) -> Iterator[Event]:
        if not self._keep:
            yield from decoder.events()
            return
        done = 0
        for event in decoder.events():
            yield event
            if isinstance(event, Record | Gap | Idle):
                done = event.span.stop
        done -= decoder.lookback  # a verdict at the next candidate may look at these
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


class _Part:
    """Where a pass over a part of a stream ends, and what was in that part: the decoder has counted what is beyond it,
    too.  State: the counts.
    """

    def __init__(self, formats: Sequence[Format], stop: int | None) -> None:
        self._stop = stop
        self._counts = {format.name: {"frames": 0, "bytes": 0} for format in formats}
        self._gap_bytes = self._idle_bytes = 0

    def events(self, events: Iterator[Event]) -> Iterator[Event]:
        """The events up to the end of the part, counted."""
        for event in events:
            if isinstance(event, Record | Gap | Idle):
                if self._stop is not None and event.span.start >= self._stop:
                    return
                if isinstance(event, Record):
                    counts = self._counts[event.format]
                    counts["frames"] += 1
                    counts["bytes"] += len(event.span)
                elif isinstance(event, Gap):
                    self._gap_bytes += len(event.span)
                else:
                    self._idle_bytes += len(event.span)
            yield event

    def statistics(self, told: Statistics) -> Statistics:
        """What was in the part.  told: what the decoder says."""
        frame_bytes = sum(counts["bytes"] for counts in self._counts.values())
        return replace(
            told,
            bytes=frame_bytes + self._gap_bytes + self._idle_bytes,
            frames=sum(counts["frames"] for counts in self._counts.values()),
            frame_bytes=frame_bytes,
            gap_bytes=self._gap_bytes,
            idle_bytes=self._idle_bytes,
            by_format={name: dict(counts) for name, counts in self._counts.items()},
        )
