"""Fallback formats: what the formats of a recording left in gaps is tried with others, older agents', one by one.

Rules.  The scan of the first formats is what it would be without.  A fallback sees the bytes of a gap and nothing else:
it decodes them as a stream of their own, which begins where a frame ended or the stream did; what it leaves in gaps
goes to the next.  So the events are a function of the bytes here, too.  They come in the order of the stream; the
`format` of a record says which took it, and a gap that is left has the reasons of all that refused it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from sigflow.errors import UsageError
from sigflow.events import Event, Gap, Idle, Record, Span
from sigflow.reasons import OVERFLOW
from sigflow.recording.run import OfEvents
from sigflow.storage.tape import END
from sigflow.stream.chain import LOCKS, START
from sigflow.stream.checkpoint import Checkpoint, FormatState
from sigflow.stream.decoder import Decoder
from sigflow.stream.resuming import check, id_of, identity_of
from sigflow.stream.sequence import Counts, follow, tracker_of
from sigflow.stream.statistics import Statistics
from sigflow.stream.substream import events_of

if TYPE_CHECKING:
    from sigflow.recording.run import AnyRun
    from sigflow.stream.format import Format

#: Gives the bytes of a span in pieces.
Read = Callable[[int, int], Iterable[bytes]]


class Fallbacks:
    """Tries the gaps of one stream.  State: what the fallbacks took or deemed idle, and their sequence counters."""

    def __init__(self, formats: Sequence[Format], read: Read) -> None:
        """read: the bytes of a span that is tried."""
        self.formats = list(formats)
        self._read = read
        self._counts = Counts()
        self._idle_bytes = 0
        self._taken = {format.name: {"frames": 0, "bytes": 0} for format in formats}
        self._work = 0
        self._by_name = {format.name: format for format in formats}
        self._trackers = {format.name: tracker_of(format, self._counts) for format in formats}

    @property
    def frames(self) -> int:
        """Frames that they took so far."""
        return sum(taken["frames"] for taken in self._taken.values())

    def events(self, gap: Gap) -> Iterator[Event]:
        """What the fallbacks make of a gap; records come as numbered in the gap."""
        return self._of_gap(gap.span, gap.reasons, self.formats)

    def _of_gap(self, span: Span, reasons: tuple[str, ...], formats: Sequence[Format]) -> Iterator[Event]:
        """The events of a gap that these formats have not seen yet."""
        if not formats:
            yield Gap(span, reasons)
            return
        first, *others = formats
        decoder = Decoder(first)
        for event in events_of(decoder, self._read(span.start, span.stop), span.start):
            if isinstance(event, Record):
                yield from self._follow(event)
            elif isinstance(event, Idle):
                self._idle_bytes += len(event.span)
                yield event
            else:
                yield from self._of_gap(event.span, tuple(dict.fromkeys((*reasons, *event.reasons))), others)
        statistics = decoder.statistics
        self._work += round(statistics.work_ratio * statistics.bytes)

    def _follow(self, record: Record) -> Iterator[Event]:
        """The record, and before it what its sequence counter shows; counters go on from gap to gap."""
        taken = self._taken[record.format]
        taken["frames"] += 1
        taken["bytes"] += len(record.raw)
        shown: list[Event] = []
        follow(self._trackers[record.format], self._by_name[record.format], record, shown)
        yield from shown
        yield record

    def over(self, inner: Statistics) -> Statistics:
        """What was counted of the stream: inner: without them."""
        taken_bytes = sum(taken["bytes"] for taken in self._taken.values())
        own = self._counts.tree()
        return Statistics(
            bytes=inner.bytes,
            frames=inner.frames + self.frames,
            frame_bytes=inner.frame_bytes + taken_bytes,
            gap_bytes=inner.gap_bytes - taken_bytes - self._idle_bytes,
            idle_bytes=inner.idle_bytes + self._idle_bytes,
            by_format=inner.by_format | {name: dict(taken) for name, taken in self._taken.items()},
            sequence={name: count + own[name] for name, count in inner.sequence.items()},
            work_ratio=inner.work_ratio + (self._work / inner.bytes if inner.bytes else 0.0),
        )

    def checkpoint(self) -> Checkpoint:
        """What others go on from: that of a stream in which there is only what they took and deemed idle."""
        states = []
        for format in self.formats:
            tracker, taken = self._trackers[format.name], self._taken[format.name]
            streams = tracker.states() if tracker is not None else ()
            identity = identity_of(format, tracker).identity
            states.append(FormatState(*identity, taken["frames"], taken["bytes"], None, streams))
        offset = self._idle_bytes + sum(state.frame_bytes for state in states)
        return Checkpoint(
            offset=offset, start=offset, lock=LOCKS[START], begins=-1, asks_at=-1, index=self.frames, gap_bytes=0,
            idle_bytes=self._idle_bytes, sequence=self._counts.state(), open=None, formats=tuple(states),
            work=self._work,
        )  # fmt: skip

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from there.  Raises `UsageError` where it is of other formats."""
        check(checkpoint, [identity_of(format, self._trackers[format.name]) for format in self.formats])
        for format, state in zip(self.formats, checkpoint.formats, strict=True):
            self._taken[format.name] = {"frames": state.frames, "bytes": state.frame_bytes}
            tracker = self._trackers[format.name]
            if tracker is not None:
                tracker.restore([stream._replace(stream=id_of(format, stream.stream)) for stream in state.streams])
        self._counts.restore(checkpoint.sequence)
        self._idle_bytes, self._work = checkpoint.idle_bytes, checkpoint.work


class FallbackRun(OfEvents):
    """A run whose gaps are tried with other formats, as `run.AnyRun`.  State: it, and the next number."""

    def __init__(
        self,
        inner: AnyRun,
        fallback: Sequence[Format],
        read: Read,
        release: Callable[[int], object] = lambda stop: None,
    ) -> None:
        """read: the bytes of a span of the event just given.  release: is told that what lies before is not needed."""
        self.engine = inner.engine
        self.formats: Sequence[Format] = (*inner.formats, *fallback)
        self.known = inner.known
        self._inner = inner
        self._fallbacks = Fallbacks(fallback, read)
        self._release = release
        self._index = 0

    @property
    def statistics(self) -> Statistics:
        """What has been counted so far."""
        return self._fallbacks.over(self._inner.statistics)

    def events(self) -> Iterator[Event]:
        """The events in the order of the stream; once only."""
        try:
            for event in self._inner.events():
                if isinstance(event, Gap) and event.reasons != (OVERFLOW,):
                    for part in self._fallbacks.events(event):
                        yield self._numbered(part) if isinstance(part, Record) else part
                    self._release(event.span.stop)
                elif isinstance(event, Record):
                    yield self._numbered(event)
                    self._release(event.stop)
                else:
                    yield event
        finally:
            self._release(END)

    def _numbered(self, record: Record) -> Record:
        if record.index != self._index:
            record = record.moved(index=self._index)
        self._index += 1
        return record


def fallbacks(formats: Sequence[Format], fallback: Iterable[Format]) -> list[Format]:
    """The fallbacks that are none of the first formats, each once; `UsageError` for one that is a whole file."""
    others: dict[str, Format] = {}
    names = {format.name for format in formats}
    for format in fallback:
        if format.envelope is None:
            raise UsageError(
                f"{format.name} is a whole-file format: it cannot be a fallback, for it would take any gap"
            )
        if format.name not in names:
            others.setdefault(format.name, format)
    return list(others.values())
