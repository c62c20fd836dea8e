"""The native scan kept alive behind a decoder: chunks go into one buffer, what is left over is carried along, and the
block of arguments is written once, so that a chunk costs two calls of machine code.

The place in the stream, the open gap, the counters and what is counted are the decoder's; they are taken over, and
handed back, at any byte.  Handed back is what is not decided here, and what waits longer than `HELD` bytes: the Python
scan keeps between chunks what it has seen of a long frame.

State: the buffer, what did not fit into it yet, the sweep over it, and how far it has been looked at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from sigflow.engine import NATIVE, PYTHON, Native, loop, pairs_of, pays_from
from sigflow.engine.events import RowEvents
from sigflow.engine.passes import Batch, Pass
from sigflow.engine.scanner import HANDED, WORTH, NativeScanner
from sigflow.engine.sweep import END, FINAL, UNTIL
from sigflow.engine.window import Window
from sigflow.errors import UsageError
from sigflow.events import SHARING, Event, FrameRun, Record, frame_runs
from sigflow.stream.engines import Left
from sigflow.stream.segment import ENDS, MORE

if TYPE_CHECKING:
    from sigflow.engine.sweep import Sweep
    from sigflow.stream.cuts import Kind
    from sigflow.stream.engines import Collector, Piece
    from sigflow.stream.format import Format
    from sigflow.stream.pending import Stamps
    from sigflow.stream.sink import Events

assert loop.ENDS == ENDS
#: Bytes of the buffer, and frames that one call gives: they fit into the second cache.
ROOM = 1 << 18
FRAMES = 4096
#: Undecided bytes from which on what waits is handed back.  Where that is looked at again from its beginning whenever
#: more has come (a chain, a framed unit), it is a quarter of that.
HELD = 1 << 14


class Live:
    """A live scan (`stream.engines.LiveScan`) for one decoder, which may take the stream over several times.

    sink: has the open gap, the counters and the counts.  room: bytes of the buffer.
    """

    def __init__(self, native: Native, sink: Events, stamps: Stamps, room: int = ROOM, held: int = HELD) -> None:
        import numpy

        self.stuck = False
        self._sink = sink
        self._stamps = stamps
        self._formats = [native.formats[number] for number in native.scan.order]
        self._numbers = native.scan.order
        self._of_number = numpy.array(native.scan.order, numpy.int32)
        self._single = len(self._formats) == 1
        sweep = self._sweep = native.sweep(most=FRAMES)
        self._held = max(held // 4, 1) if sweep.depends_on_end else held
        self._pass = Pass(native.pairs, sweep)
        self._counters = native.counters(sink, sweep.rows)
        self._events = RowEvents(self._formats, sweep.reasons, sink.between, _bytes_of)
        buffer = numpy.zeros(room, numpy.uint8)
        self._buffer = buffer.data
        self._room = room
        #: The buffer, as kernel code takes it.
        self._data = buffer.view()
        self._data.flags.writeable = False
        self._words = sweep.words
        #: The rows of frames, one number behind the other.
        self._starts = sweep.rows.frames.reshape(-1).data
        self._same = (self._formats[0],) * SHARING
        self._prepare()
        self._waiting: deque[bytes | memoryview] = deque()
        self._waiting_bytes = self._waiting_at = 0
        self._base = self._fill = self._seen = self._before = self._begins = 0
        self._final = MORE
        self._batch: Batch | None = None  # what the Python scan found

    def _prepare(self) -> None:
        call = self._call = self._sweep.prepared(self._data)
        self._states = self._sweep.states
        self._end, self._is_final, self._until = (call.place(n) for n in (END, FINAL, UNTIL))

    # ---------------------------------------------------------------- the place in the stream

    @property
    def pos(self) -> int:
        """The offset of the first byte that is not decided."""
        return int(self._base + self._words[loop.POS])

    @property
    def lock(self) -> int:
        """The lock."""
        return self._sweep.lock

    @property
    def fed(self) -> int:
        """The end of the stream so far."""
        return self._base + self._fill + self._waiting_bytes

    @property
    def unseen(self) -> int:
        """Bytes that came since the last look."""
        return self._fill - max(self._seen, 0) + self._waiting_bytes

    @property
    def work(self) -> int:
        """Bytes checksummed, and header bytes read again."""
        return self._pass.work

    def take(self, left: Left) -> None:
        """Take the stream over: as `leave` gives it."""
        self._base, self._fill, self._begins = left.base, 0, left.begins
        self._sweep.over(left.base, left.begins)
        self._sweep.begin(left.pos - left.base, left.lock)
        self._seen = -1
        self.stuck = False
        for piece in left.pieces:
            self.add(piece)

    def begin_behind(self, pos: int, kind: Kind) -> None:
        """Go on at `pos`, behind a cut of this kind, up to which all is decided."""
        sweep, self._begins = self._sweep, pos if kind.begins else -1
        if sweep.lookback or pos != self._base + self._fill:
            # Nothing before it may be looked at, or it is farther away: with an empty buffer.
            self._base, self._fill = pos, 0
            sweep.over(pos, self._begins)
            sweep.begin(0, kind.lock)
        else:
            sweep.relock(kind.lock)
        self._seen, self._final = self._fill, MORE
        self.stuck = False

    def go_over(self, pos: int, kind: Kind, chunks: Collection[bytes]) -> bool:
        """Go on behind a cut while what was found waits; whether that is done."""
        words, fill = self._words, self._fill
        if (
            self._batch is not None
            or not words[loop.FRAMES]
            or words[loop.GAPS]
            or words[loop.POS] != fill
            or self._waiting
            or self._sweep.lookback
            or fill + sum(map(len, chunks)) > self._room
        ):
            return False
        self.begin_behind(pos, kind)
        for chunk in chunks:
            self.add(chunk)
        return True

    def sync(self) -> None:
        """Let the sink know where all counters stand."""
        self._counters.sync()

    def leave(self) -> Left:
        """Let go of the stream."""
        self._counters.give_back()
        start, pieces = self._left()
        pos, seen = self.pos, self._base + max(self._seen, 0)
        self._fill = self._waiting_bytes = self._waiting_at = 0
        self._waiting.clear()
        rest: tuple[bytes | memoryview, ...] = (pieces[0].tobytes(), *pieces[1:])
        return Left(rest, self._base + start, pos, max(pos, seen), self._sweep.lock, self._begins)

    def _left(self) -> tuple[int, list[memoryview]]:
        """The bytes that may still be looked at, in pieces, and where the first begins in the buffer."""
        start = max(self._words[loop.POS] - self._sweep.lookback, 0)
        waiting = [memoryview(chunk) for chunk in self._waiting]
        if waiting:
            waiting[0] = waiting[0][self._waiting_at :]
        return start, [self._buffer[start : self._fill], *waiting]

    def undecided(self) -> tuple[bytes, int]:
        """The bytes that may still be looked at, and the offset of the first."""
        start, pieces = self._left()
        return b"".join(pieces), self._base + start

    # ---------------------------------------------------------------- bytes in

    def add(self, chunk: bytes | memoryview) -> None:
        """Take a chunk."""
        fill = self._fill
        end = fill + len(chunk)
        if end > self._room or self._waiting:
            if self._waiting or not self._moved(len(chunk)):
                self._waiting.append(chunk)
                self._waiting_bytes += len(chunk)
                return
            fill = self._fill
            end = fill + len(chunk)
        self._buffer[fill:end] = chunk
        self._fill = end

    def _moved(self, wanted: int) -> bool:
        """Carry what may still be looked at to the beginning; whether there is room for so many bytes then.

        Where there would not be, nothing is moved, unless all has been looked at.
        """
        sweep = self._sweep
        start = max(self._words[loop.POS] - sweep.lookback, 0)
        left = self._fill - start
        if start:
            self._buffer[:left] = self._buffer[start : self._fill]
            sweep.move(start)
            self._base += start
            self._fill = left
            self._seen -= start
            sweep.over(self._base, self._begins)
        return left + wanted <= self._room

    def _refill(self) -> None:
        """Take more of what waits into the buffer, of which at least half has been decided."""
        self._moved(self._room)
        room = self._room - self._fill
        while room and self._waiting:
            part = memoryview(self._waiting[0])[self._waiting_at : self._waiting_at + room]
            size = len(part)
            self._buffer[self._fill : self._fill + size] = part
            self._fill += size
            room -= size
            self._waiting_bytes -= size
            self._waiting_at += size
            if self._waiting_at == len(self._waiting[0]):
                self._waiting.popleft()
                self._waiting_at = 0

    # ---------------------------------------------------------------- scanning

    def scan(self, final: int) -> bool:
        """Go on; whether something was found, which one of `pieces`, `count` and `collect` then takes."""
        words = self._words
        while True:
            end = self._fill
            last = MORE if self._waiting else final
            if end != self._seen or last != self._final:
                code = self._run(end, last)
                if code == loop.UNDECIDABLE and not words[loop.FRAMES] and not words[loop.GAPS]:
                    self._batch = self._pass.by_python(Window(self._data[:end], self._base, last, self._begins))
                    if self._batch is not None:
                        return True
                    self.stuck = not self._waiting
                elif code not in (loop.FULL, loop.UNDECIDABLE):
                    self._seen, self._final = end, last
                if words[loop.FRAMES] or words[loop.GAPS]:
                    return True
            left = end - words[loop.POS]
            if not self._waiting:
                self.stuck = self.stuck or left >= self._held
                return False
            if 2 * (left + self._sweep.lookback) > self._room:
                self.stuck = True  # what is moved for each byte that comes would not be bounded
                return False
            self._seen = end
            self._refill()

    def _run(self, end: int, final: int) -> int:
        """Scan the buffer."""
        if end != self._seen and self._sweep.depends_on_end:
            self._sweep.drop()
        if self._sweep.states is not self._states:
            self._prepare()
        if not self._words[loop.FRAMES]:
            self._before = self._words[loop.POS]
        while True:
            numbers = self._call.numbers
            numbers[self._end] = numbers[self._until] = end
            numbers[self._is_final] = final
            code = self._call()
            if code != loop.GROW:
                return code
            self._sweep.grow()
            self._prepare()

    # ---------------------------------------------------------------- what was found

    def _usual(self) -> int:
        """Count what was found, where that is good frames alone: how many; 0 where it is not, and is not counted."""
        words, sink = self._words, self._sink
        frames: int = words[loop.FRAMES]
        if (
            self._batch is not None
            or words[loop.GAPS]
            or not self._single
            or sink.between.open
            or not self._counters.usual(frames, self._base)
        ):
            return 0
        words[loop.FRAMES] = 0
        sink.index += frames
        sink.frame_counts[0] += frames
        sink.frame_bytes[0] += words[loop.POS] - self._before
        return frames

    def count(self) -> int:
        """How many events were found."""
        frames = self._usual()
        if frames:
            return frames
        batch = self._found()
        return len(batch.frames) + sum(map(len, self._told(batch, records=False)))

    def pieces(self) -> Iterable[Piece]:
        """What was found, as events."""
        frames = self._usual()
        pieces: list[Piece]
        if frames:
            bounds = (*self._starts[: 4 * frames : 4].tolist(), self._words[loop.POS])
            data = self._buffer[bounds[0] : bounds[-1]].tobytes()
            first = self._sink.index - frames
            pieces = list(frame_runs(self._same, data, bounds, self._base, first, origin=bounds[0], same=True))
        else:
            pieces = self._told(self._found())
        if self._stamps:
            for piece in pieces:
                if isinstance(piece, FrameRun):
                    bounds, shift = piece.bounds, piece.shift
                    piece.stamps = self._stamps.part(shift + bounds[0], shift + bounds[-1])
        return pieces

    def others(self) -> Iterable[Event]:
        """What was found, but for the frames, which are counted."""
        return () if self._usual() else chain.from_iterable(self._told(self._found(), records=False))

    def collect(self, collector: Collector) -> Iterable[Piece]:
        """Hand the frames to a collector; gives the other events."""
        frames = self._usual()
        if frames:
            first = self._sink.index - frames
            collector.rows(self._data, self._sweep.rows.frames[:frames], 0, self._base, first)
            return ()
        batch = self._found()
        if len(batch.frames):
            numbers = self._of_number[batch.marks[:, 0]]
            collector.rows(batch.data, batch.frames, numbers, batch.base, self._sink.index)
        return self._told(batch, records=False)

    def _found(self) -> Batch:
        batch, self._batch = self._batch, None
        return Batch(*self._sweep.take(), self._data, self._base) if batch is None else batch

    def _told(self, batch: Batch, *, records: bool = True) -> list[Piece]:
        """The events of a batch, which is counted.  records: whether those of its frames are among them."""
        index = self._sink.index
        shown = self._counters.over(batch, lambda row: self._record(batch, index, row))
        pieces = list(self._events.pieces(batch, index, shown, records=records))
        self._account(batch)
        return pieces

    def _record(self, batch: Batch, index: int, row: int) -> Record:
        start, stop = batch.frames[row, :2].tolist()
        return Record(
            self._formats[batch.marks[row, 0]], batch.base + start, _bytes_of(batch, start, stop), index + row
        )

    def _account(self, batch: Batch) -> None:
        sink = self._sink
        sink.index += len(batch.frames)
        if len(batch.gaps):
            sizes = batch.gaps[:, 1] - batch.gaps[:, 0]
            idle = int(sizes[batch.gaps[:, 3] == 0].sum())
            sink.idle_bytes += idle
            sink.gap_bytes += int(sizes.sum()) - idle
        if not len(batch.frames):
            return
        sizes = batch.frames[:, 1] - batch.frames[:, 0]
        for k, number in enumerate(self._numbers):
            mine = sizes if self._single else sizes[batch.marks[:, 0] == k]
            sink.frame_counts[number] += len(mine)
            sink.frame_bytes[number] += int(mine.sum())


def _bytes_of(batch: Batch, start: int, stop: int) -> bytes:
    assert batch.data is not None  # it is the decoder's buffer
    return batch.data[start:stop].tobytes()


class LiveEngine:
    """Makes live scans for decoders (`stream.engines.Engine`).

    native(formats): the native scan of these formats, None where there is none.  due(formats, fed): as of the protocol.
    worth: undecided bytes from which on a long buffer is scanned natively; room, held: as of `Live`.
    """

    def __init__(
        self,
        native: Callable[[Sequence[Format]], Native | None],
        due: Callable[[Sequence[Format], int], float],
        *,
        worth: int = WORTH,
        room: int = ROOM,
        held: int = HELD,
    ) -> None:
        self._native = native
        self._due = due
        self._worth = worth
        self._room = room
        self._held = held

    def due(self, formats: Sequence[Format], fed: int) -> float:
        """From how many bytes of a stream on it pays."""
        return self._due(formats, fed)

    def live(self, formats: Sequence[Format], sink: Events, stamps: Stamps) -> Live | None:
        """A live scan of these formats; None where there is none."""
        native = self._native(formats)
        return None if native is None else Live(native, sink, stamps, self._room, self._held)

    def scanner(self, formats: Sequence[Format], marks: Collection[tuple[int, str]]) -> NativeScanner:
        """A scanner for long buffers and long frames."""

        def sweep() -> Sweep | None:
            native = self._native(formats)
            return None if native is None else native.sweep(most=HANDED)

        return NativeScanner(
            pairs_of(formats), sweep, marks=marks, worth=self._worth, due=lambda fed: self._due(formats, fed)
        )


def engine_of(name: str) -> LiveEngine | None:
    """The engine of this name; None for the Python scan."""
    if name == PYTHON:
        return None
    return LiveEngine(Native, _at_once) if name == NATIVE else LiveEngine(_maybe, _as_it_pays)


def _at_once(formats: Sequence[Format], fed: int) -> float:
    obstacle = Native.obstacle(formats)
    if obstacle:
        raise UsageError(f"no native scan: {obstacle}")
    return 0


def _as_it_pays(formats: Sequence[Format], fed: int) -> float:
    return pays_from(formats, fed)


def _maybe(formats: Sequence[Format]) -> Native | None:
    return None if Native.obstacle(formats) else Native(formats)
