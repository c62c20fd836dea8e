"""The decoder: chunks in, events out, and no I/O.

`feed` only keeps the chunk; `events` scans what there is and yields what it finds.  State: the undecided bytes, the
scan's state, the open gap, the sequence counters, what was counted, and events found but not yet taken.  The events of
a stream are the same for any chunks; a gap comes out when it closes.

What comes behind a cut waits (`cuts.Queue`) until the bytes before it are decided, as those at the end of the stream
are; then the scan begins anew behind it, whichever engine has the stream.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain
from math import inf
from typing import TYPE_CHECKING, Any

from sigflow.errors import SigflowError, StreamError, UsageError
from sigflow.events import Event, FrameRun, Record, Stamp
from sigflow.limits import Limits
from sigflow.stream.around import with_parts
from sigflow.stream.chain import LOCKS
from sigflow.stream.cuts import REMOVED, Cut, Queue, checked, in_order
from sigflow.stream.pending import Pending, Stamps
from sigflow.stream.scan import Refusals, Scanner
from sigflow.stream.segment import ENDS, MORE, Segment
from sigflow.stream.sequence import Counts
from sigflow.stream.sink import Events
from sigflow.stream.statistics import Statistics
from sigflow.stream.whole import WholeFile

if TYPE_CHECKING:
    import pyarrow

    from sigflow.runtime.envelope import Envelope
    from sigflow.stream.checkpoint import Checkpoint
    from sigflow.stream.engines import Collector, Engine, LiveScan, Piece
    from sigflow.stream.format import Format

__all__ = ["Decoder", "Statistics"]

#: Steps of the scan between two looks at what has been found.
_STEPS = 256
#: Undecided bytes up to which the stream is for a live scan.
SHORT = 2048
#: Bytes from which on it is worth to look for frames that wait for others anyway.
WORTH_COLLECTING = 1 << 15
#: Decided bytes from which on it is worth a thought to let go of them before the next chunk comes.
_LARGE = 1 << 18


def _bytes_of(chunk: Any) -> bytes:
    """The bytes of what has the buffer protocol; `bytes(5)` would be five zeros that nobody sent."""
    try:
        with memoryview(chunk) as view:
            return view.tobytes()
    except TypeError:
        raise TypeError(f"feed takes bytes, not {type(chunk).__name__}") from None


class Decoder:
    """Decodes one stream of one or several interleaved formats.

    formats: in the order in which they are tried; those with a checksum come before those without.  limits: over each
    format's own.  strict: the first damage raises a `StreamError` instead of being an event.  marks: candidates that
    were abandoned when the stream was live, so that a replay gives the same events.  cuts: those that it had, each a
    `Cut` or the same as a tuple, by offsets in the stream.  resume: go on from this checkpoint instead of from the
    beginning, with the bytes from its `start` on, and with cuts that came after it.  engine: `auto`, which scans
    natively where that pays; `native` from the first byte on, where the formats allow it, else `UsageError`; `python`;
    or an engine.  All find the same.

    Raises `UsageError` where cuts are in no order that a stream can have, or the checkpoint is of other formats.
    """

    def __init__(
        self,
        formats: Format | Iterable[Format],
        limits: Limits | None = None,
        strict: bool = False,
        *,
        marks: Collection[tuple[int, str]] = (),
        cuts: Iterable[Cut | tuple[int, str] | tuple[int, str, int | None]] = (),
        resume: Checkpoint | None = None,
        engine: str | Engine | None = "auto",
    ) -> None:
        listed = formats if isinstance(formats, Iterable) else [formats]
        #: With those of what stands once around their frames; where a preamble was found, its format is bound to it.
        self.formats = with_parts(format.with_limits(limits) for format in listed)
        self.marks: list[tuple[int, str]] = [*(resume.marks if resume is not None else ()), *marks]
        names = [format.name for format in self.formats]
        double = next((name for name in names if names.count(name) > 1), None)
        if not names or double is not None:
            raise UsageError(f"format {double!r} is given twice" if names else "a decoder needs at least one format")
        self._strict = strict
        self._unbound = list(self.formats)
        self._has_parts = any(format.is_part for format in self.formats)
        self._stamps = Stamps()
        self._counts = Counts()
        self._out: list[Event] = []
        self._sink = Events(self.formats, self._stamps, self._counts, self._out)
        if isinstance(engine, str):
            from sigflow.stream.engines import engine_of

            engine = engine_of(engine)
        whole = any(format.envelope is None for format in self.formats)
        #: What may scan instead of the Python scan, and the end of the stream from which on it is asked; the scan that
        #: it made, and the same while it has the stream.
        self._engine = None if strict or whole else engine
        self._due: float = 0 if self._engine is not None else inf
        self._made: LiveScan | None = None
        self._work_before = 0  # of scans that this one went on from
        self._live: LiveScan | None = None
        self._scanner = self._scan_of(self.formats)
        if self._engine is not None:
            self._scanner = self._engine.scanner(self.formats, self.marks)
        self._pending = Pending(self._scanner.lookback)
        self._rest = 0  # bytes that were left undecided by the Python scan
        self._stuck = -1  # where the live scan could not go on
        self._ended = False
        self._closed = False
        self._behind = Queue()  # what came behind the next cut
        self._final = MORE  # what comes behind the bytes before it
        self._special = False  # whether the next chunk may not be taken as it is
        self._start = 0  # where the bytes begin that a verdict may look at: behind the last cut
        self._cuts = 0  # how many cuts the stream has had
        self._error: StreamError | None = None
        self._ready: Iterator[Event] = iter(())
        self._drained = True  # whether all that was found has been taken
        self._collector: Collector | None = None
        if isinstance(self._scanner, Scanner):
            self._scanner.bound = self._bind
        if strict:
            self._sink.damaged = self._damage
            self._sink.checked = self._check
        if resume is not None:
            self._resume(resume)
        listed_cuts = in_order(cuts, self._behind.to_come[-1].stop if self._behind.to_come else self.fed)
        self._behind.to_come += listed_cuts
        self._cuts += len(listed_cuts)
        self._reach_cuts()
        self._enter()

    def _bind(self, number: int, envelope: Envelope, raw: bytes) -> None:
        """A preamble was found: what it says holds for the frames of its format."""
        if self._collector is not None:
            self._collector.close()
        self.formats[number] = self.formats[number].bound(envelope, raw)

    def _scan_of(self, formats: Sequence[Format]) -> Scanner | WholeFile:
        whole = next((format for format in formats if format.envelope is None), None)
        if whole is None:
            pairs = [(format.envelope, format.max_frame) for format in formats if format.envelope is not None]
            return Scanner(pairs, marks=self.marks)
        if len(formats) > 1:
            raise UsageError(f"{whole.name} is a whole-file format: it cannot share a stream with others")
        return WholeFile(whole.name, whole.max_frame)

    # ---------------------------------------------------------------- bytes in

    def feed(self, chunk: bytes | bytearray | memoryview, *, stamp: Stamp | None = None) -> None:
        """Appends a chunk: bytes, or an object that gives its bytes by the buffer protocol.  Nothing is scanned yet.

        stamp: when and by which way it came in; the records in it carry it.  Raises
        `UsageError` after `feed_eof`, `TypeError` for what holds no bytes.
        """
        if self._special:
            if self._ended:
                raise UsageError("feed after feed_eof: the stream has ended")
            self._feed_cut(chunk if chunk.__class__ is bytes else _bytes_of(chunk), stamp)
            return
        if chunk.__class__ is not bytes:
            chunk = _bytes_of(chunk)
        live = self._live
        if (stamp is not None or self._stamps) and chunk:
            self._stamps.add(self.fed, stamp, self.state[0])
        if live is not None:
            live.add(chunk)
        elif chunk:
            self._pending.add(chunk, self._scanner.pos)

    def _feed_cut(self, chunk: bytes, stamp: Stamp | None) -> None:
        """The same where cuts wait, or are known beforehand."""
        behind = self._behind
        while chunk:
            part = chunk[: behind.to_come[0].offset - self.fed] if behind.to_come else chunk
            if stamp is not None or self._stamps:
                self._stamps.add(self.fed, stamp, self.state[0])
            if behind:
                behind.add(part)
            else:
                self._take(part)
            if not behind.to_come:
                return
            chunk = chunk[len(part) :]
            self._reach_cuts()

    def _take(self, chunk: bytes) -> None:
        """Let the scan have these bytes."""
        if self._live is not None:
            self._live.add(chunk)
        else:
            self._pending.add(chunk, self._scanner.pos)

    def _reach_cuts(self) -> None:
        """Pass on the cuts known beforehand to which the bytes have come."""
        behind = self._behind
        while behind.to_come and behind.to_come[0].offset <= self.fed:
            behind.cut(behind.to_come.popleft())
        self._look_behind()

    def _look_behind(self) -> None:
        """The queue has changed."""
        behind = self._behind
        self._final = behind.final or (ENDS if self._ended else MORE)
        self._special = bool(self._final or behind.to_come)

    def cut(self, kind: str, missing: int | None = None, *, stamp: Stamp | None = None) -> Cut:
        """Says that the stream is cut here: bytes are missing, or what follows was received by itself.

        kind: `boundary`, which frames respect, as that of a datagram; `reconnect`, where the other end was connected to
        anew; `overflow`, where bytes were dropped; `concatenated`, where another recording begins.  missing: how many
        bytes are known to be missing; they count as bytes of the stream, in a gap with the reason `overflow`.  None: it
        is not known, which a note says of a reconnect and an overflow.  stamp: when it was; that gap or note carries
        it.

        Returns the cut, which is input like the bytes: a decoder that is made with the same `cuts` gives the same
        events.  Raises `UsageError` after `feed_eof`, for another kind, and where a cut that is known beforehand lies
        in the missing bytes.
        """
        if self._ended:
            raise UsageError("cut after feed_eof: the stream has ended")
        cut = checked(Cut(self.fed, kind, missing, stamp))
        behind = self._behind
        if behind.to_come and behind.to_come[0].offset < cut.stop:
            raise UsageError(f"{missing} bytes missing at {cut.offset}, and a cut at {behind.to_come[0].offset}")
        behind.cut(cut)
        self._cuts += 1
        self._final, self._special = behind.final, True
        if behind.to_come:
            self._reach_cuts()
        return cut

    def feed_eof(self) -> None:
        """Say that the stream ends here."""
        self._ended = True
        self._look_behind()

    # ---------------------------------------------------------------- events out

    def events(self) -> Iterator[Event]:
        """Returns an iterator over what can be said of the bytes fed so far and was not said yet, in the order of the
        stream.

        An event that was not taken comes with the next call.  Raises `StreamError` at the first damage where the
        decoder is strict.
        """
        return chain(self._ready, chain.from_iterable(iter(self._batch, None)))

    def pieces(self) -> Iterator[Piece]:
        """The same as `events`, in pieces: frames that follow each other are one `FrameRun`, of which no records are
        made before they are asked for.
        """
        return chain([list(self._ready)], chain.from_iterable(iter(self._pieces_taken, None)))

    def _pieces_taken(self) -> Iterable[Piece] | None:
        pieces = self._pieces()
        self._drained = pieces is None
        return pieces

    def count(self) -> int:
        """Scans the bytes fed so far and lets their events go: returns how many there were.  `statistics` has counted
        them all the same.

        Raises what `events` does.
        """
        events = 0
        for _ in self._ready:
            events += 1
        live = self._live
        if live is not None:
            while live.scan(self._final):
                if self._final:
                    self._go_over_cuts(live)
                events += live.count()
            if not live.stuck and not self._final:
                self._drained = True
                return events
        self._drained = True
        while (pieces := self._pieces()) is not None:
            events += sum(map(len, pieces))
        return events

    def others(self) -> Iterator[Event]:
        """The events of the bytes fed so far that are no records: the frames are counted, and let go of.

        Raises what `events` does.
        """
        pieces: Iterable[Piece] | None = [list(self._ready)]
        self._drained = True
        while pieces is not None:
            for piece in pieces:
                if not isinstance(piece, FrameRun):
                    yield from (event for event in piece if not isinstance(event, Record))
            live = self._live
            if live is not None and live.scan(self._final):
                if self._final:
                    self._go_over_cuts(live)
                pieces = [list(live.others())]
            else:
                pieces = self._pieces()

    def batches(
        self,
        fields: Sequence[str] | None = None,
        *,
        size: int = 8192,
        flush: bool = False,
        others: Callable[[Event], object] | None = None,
        instances: bool = False,
        physical: bool = False,
    ) -> Iterator[pyarrow.RecordBatch]:
        """Returns an iterator over the frames of the bytes fed so far, as record batches of Arrow of `size` rows each.

        Frames that do not fill a batch wait for more, and few bytes for others, until the stream ends or `flush` says
        that they shall come.
        fields, instances, physical: which columns, as of `Recording.batches`; they are those of the first call.
        others: is told all events that are no records, which are counted and let go of otherwise.

        Raises `UsageError` for an unknown field and where pyarrow is absent, and what `events` does.
        """
        collector = self._collector
        if collector is None:
            from sigflow.stream.engines import collector_of

            wanted = {"fields": fields, "instances": instances, "physical": physical}
            collector = self._collector = collector_of(self.formats, size, **wanted)
        return self._batches(collector, flush, others)

    def _batches(
        self, collector: Collector, flush: bool, others: Callable[[Event], object] | None
    ) -> Iterator[pyarrow.RecordBatch]:
        live = self._live
        if live is not None and live.unseen + self._behind.size < WORTH_COLLECTING and not flush and not self._ended:
            return
        pieces: Iterable[Piece] | None = [list(self._ready)]
        self._drained = True
        while pieces is not None:
            for piece in pieces:
                for event in collector.piece(piece):
                    if others is not None:
                        others(event)
            yield from collector.batches(False)
            live = self._live
            if live is not None and live.scan(self._final):
                if self._final:
                    self._go_over_cuts(live)
                pieces = live.collect(collector)
            else:
                pieces = self._pieces()
        if flush or self._ended:
            yield from collector.batches(True)

    def _batch(self) -> Iterator[Event] | None:
        """The next events; None if there are none until more is fed."""
        pieces = self._pieces()
        self._drained = pieces is None
        if pieces is None:
            return None
        self._ready = chain.from_iterable(pieces)
        return self._ready

    def _pieces(self) -> Iterable[Piece] | None:
        """The next events, in pieces."""
        if self._error is not None:
            raise self._error
        while True:
            if self._live is None and self._due <= self.fed:
                self._enter()
            live = self._live
            if live is not None:
                if live.scan(self._final):
                    if self._final:
                        self._go_over_cuts(live)
                    return live.pieces()
                if not live.stuck and not self._final:
                    return None
                if live.stuck or not self._behind:
                    self._leave()
            if self._live is None:
                pieces = self._by_python()
                if pieces is not None or not self._behind:
                    return pieces
            # All up to the cut is decided.
            self._pass_cut()
            if self._out:
                return self._taken_out()

    def _by_python(self) -> Iterable[Piece] | None:
        """The same by the Python scan."""
        out = self._out
        pending, scanner = self._pending, self._scanner
        more = True
        while more and not out and not self._damaged():
            more = scanner.scan(pending, self._final, self._sink, 1 if self._strict else _STEPS)
        self._rest = pending.fed - scanner.pos
        if scanner.pos - pending.base >= _LARGE:
            pending.release(scanner.pos)
        if self._ended and not self._behind and not more and not self._closed and not self._damaged():
            self._close(out)
        if not out and self._error is not None:
            raise self._error
        return self._taken_out() if out else None

    def _taken_out(self) -> list[Piece]:
        """What was found, which is not kept any more."""
        pieces: list[Piece] = [self._out.copy()]
        self._out.clear()
        return pieces

    def _go_over_cuts(self, live: LiveScan) -> None:
        """Let a live scan that has found something go on behind cuts of which there is nothing to tell: what it finds
        on both sides is taken at once.
        """
        behind, scanner = self._behind, self._scanner
        while behind:
            cut, kind, chunks = behind.first
            if not cut.silent or (kind.asks and self._has_parts) or not live.go_over(cut.offset, kind, chunks):
                return
            behind.take()
            self._start = cut.offset
            scanner.begins, scanner.asks_at = cut.offset if kind.begins else -1, -1
            self._look_behind()
            live.scan(self._final)

    def _pass_cut(self) -> None:
        """All before the next cut is decided: go on behind it."""
        cut, kind, chunks = self._behind.take()
        pos = cut.stop
        if self._strict and cut.missing and cut.kind != REMOVED:
            from sigflow.stream.faults import missing

            self._error = missing(cut)
            cut = cut._replace(missing=0)
        self._sink.cut(cut)
        scanner = self._scanner
        if self._live is not None and kind.asks and self._has_parts:
            self._leave()  # a preamble is for the Python scan
        if self._live is not None:
            self._live.begin_behind(pos, kind)
            scanner.begins, scanner.asks_at = pos if kind.begins else -1, -1
        else:
            if scanner.begin_behind(pos, kind):
                self._unbind()
            self._pending = Pending(scanner.lookback, pos)
        self._start, self._rest, self._stuck = pos, 0, -1
        for chunk in chunks:
            self._take(chunk)
        self._look_behind()

    def _unbind(self) -> None:
        """What a preamble said does not hold any more."""
        if self._collector is not None:
            self._collector.close()
        self.formats[:] = self._unbound
        if self._made is not None:
            self._work_before += self._made.work
            self._made = None

    # ---------------------------------------------------------------- engines

    @property
    def fed(self) -> int:
        """The end of the stream so far: the offset that the next byte will have, missing bytes counted."""
        fed = self._pending.fed if self._live is None else self._live.fed
        return fed + self._behind.size

    def _enter(self) -> None:
        """Let the live scan have the stream, where it is there and what is at hand is for it."""
        scanner, pending, engine = self._scanner, self._pending, self._engine
        if (
            engine is None
            or not isinstance(scanner, Scanner)
            or self._ended
            or pending.fed < scanner.pos
            or self._rest > SHORT
            or scanner.pos == self._stuck
            or scanner.marks
            or scanner.opens
        ):
            return
        if self._made is None:
            self._due = engine.due(self.formats, self.fed)
            if self._due > self.fed:
                return
            self._made = engine.live(self.formats, self._sink, self._stamps)
            if self._made is None:
                self._due = inf
                return
        from sigflow.stream.engines import Left

        start = max(pending.base, scanner.pos - scanner.lookback)
        piece = memoryview(pending.data)[start - pending.base :]
        self._made.take(Left((piece,), start, scanner.pos, scanner.pos, scanner.lock, scanner.begins))
        self._live = self._made
        self._pending = Pending(scanner.lookback, pending.fed)

    def _leave(self) -> None:
        """Let the Python scan have the stream back."""
        assert self._live is not None and isinstance(self._scanner, Scanner)
        left = self._live.leave()
        self._live = None
        scanner = self._scanner
        scanner.resume(left.pos, left.lock)
        pending = self._pending = Pending(scanner.lookback, left.base)
        seen, (first, *others) = left.seen - left.base, left.pieces
        pending.add(first[:seen], scanner.pos)
        # So that it knows what is waited for.
        while scanner.scan(pending, MORE, self._sink, _STEPS):
            pass
        self._rest, self._stuck = pending.fed - scanner.pos, scanner.pos
        for piece in (first[seen:], *others):
            pending.add(piece, scanner.pos)

    def _damaged(self) -> bool:
        return self._error is not None

    def _close(self, out: list[Event]) -> None:
        """The end of the stream: the open gap closes, and the ledger must balance."""
        self._sink.end()
        self._closed = True
        left = self.statistics.pending_bytes
        if left:
            raise SigflowError(f"internal error: {left} of {self.fed} bytes are in no frame or gap, nor idle")

    def _damage(self, segment: Segment, at: int, refusals: Refusals) -> None:
        """Strict mode: remember the first damage; it is raised once the events before it have been taken."""
        from sigflow.stream import faults

        if isinstance(self._scanner, WholeFile):
            self._error = faults.too_long(self.formats[0].name, self.formats[0].max_frame)
        else:
            self._error = faults.damage(self._scanner.recognizers, segment, at, refusals)

    def _check(self, record: Record) -> None:
        """Strict mode: what a record's bytes hide is damage too."""
        if self._error is None:
            from sigflow.stream.faults import in_record

            self._error = in_record(record)

    def __repr__(self) -> str:
        counted = self.statistics
        names = ", ".join(format.name for format in self.formats)
        ended = ", ended" if self._ended else ""
        fed = f"{counted.bytes} bytes fed, {counted.frames} frames, {counted.pending_bytes} undecided"
        return f"Decoder({names}: {fed}{ended})"

    @property
    def lookback(self) -> int:
        """Bytes before the first undecided one that a verdict may look at: as many as a delimiter has."""
        return self._scanner.lookback

    # ---------------------------------------------------------------- live streams

    @property
    def state(self) -> tuple[int, str]:
        """The scan's whole state: the offset of the first undecided byte, and the lock (no, start, yes)."""
        scan = self._live or self._scanner
        return scan.pos, LOCKS[scan.lock]

    @property
    def pending(self) -> tuple[int, str] | None:
        """The candidate that holds the stream back: (offset, format name); None if none, or its marker is not whole,
        or if all its own bytes are there and only what must follow it is awaited.
        """
        if self._live is not None:
            self._leave()
        waits = self._scanner.waits
        at = self._scanner.pos - self._pending.base
        if waits is None or self._final or waits.header.cut(self._pending.data, at):
            return None
        length = waits.header.look(self._pending, at)
        if isinstance(length, int) and at + length <= len(self._pending.data):
            return None
        return self._scanner.pos, waits.name

    def abandon(self) -> tuple[int, str] | None:
        """Gives up the pending candidate, which is refused as `abandoned` from now on.

        Returns the mark, a pair of offset and format name, or None where nothing is pending.  The mark is input like
        the bytes: a decoder that is made with the same `marks` gives the same events.
        """
        mark = self.pending
        if mark is not None and isinstance(self._scanner, Scanner):
            self.marks.append(mark)
            self._scanner.abandon(*mark)
        return mark

    def provisional(self) -> list[Event]:
        """Returns the events that would come if the stream ended here, without losses and notes.  Changes nothing."""
        from sigflow.stream.provisional import provisional

        scanner, scan, live, pending = self._scanner, self._live or self._scanner, self._live, self._pending
        other = self._scan_of(self._unbound)
        other.go_on(scan.pos, scan.lock, scanner.begins, scanner.asks_at, scanner.roots)
        other.marks = set(scanner.marks)
        undecided = (bytes(pending.data), pending.base) if live is None else live.undecided()
        formats = list(self.formats), self._unbound
        return provisional(other, undecided, self._behind, *formats, self._sink, self._stamps)

    def checkpoint(self) -> Checkpoint:
        """Returns where the decoder is, so that another one goes on from there (`Decoder(resume=)`) and gives exactly
        the events that this one gives from now on.  Changes nothing.

        All events found so far must have been taken: those of before are not given again.  Raises `UsageError` where
        some wait, or frames of a batch, and after `feed_eof`; `StreamError` where the decoder is strict and found
        damage.
        """
        from sigflow.stream.resuming import taken

        if self._error is not None:
            raise self._error
        if self._ended:
            raise UsageError("checkpoint after feed_eof: there is nothing to go on with")
        if not self._drained or self._out:
            raise UsageError("checkpoint while events wait: take them first, until none comes")
        if self._collector is not None and self._collector.waits:
            raise UsageError("checkpoint while frames wait for a batch: take it first (`flush=True`)")
        return taken(
            self.formats,
            self._scanner,
            self._live,
            self._sink,
            start=self._start,
            cuts=self._behind.cuts,
            cut_count=self._cuts,
            work=self._work,
        )

    def _resume(self, checkpoint: Checkpoint) -> None:
        """Be where the decoder was whose checkpoint this is."""
        from sigflow.stream.resuming import restore

        restore(checkpoint, self.formats, self._scanner, self._sink)
        self._work_before = checkpoint.work
        self._behind.to_come += checkpoint.cuts
        self._cuts = checkpoint.cut_count
        self._start = checkpoint.start
        self._pending = Pending(self._scanner.lookback, checkpoint.start)

    @property
    def _work(self) -> int:
        """Bytes checksummed, and header bytes read again."""
        return self._work_before + self._scanner.work + (self._made.work if self._made is not None else 0)

    @property
    def statistics(self) -> Statistics:
        """What has been counted so far."""
        sink, counts, fed = self._sink, self._counts, max(self.fed, self._scanner.pos)
        return Statistics(
            bytes=fed,
            frames=sink.index,
            frame_bytes=sum(sink.frame_bytes),
            gap_bytes=sink.gap_bytes,
            idle_bytes=sink.idle_bytes,
            by_format={
                format.name: {"frames": sink.frame_counts[n], "bytes": sink.frame_bytes[n]}
                for n, format in enumerate(self.formats)
            },
            sequence=counts.tree(),
            work_ratio=self._work / fed if fed else 0.0,
        )
