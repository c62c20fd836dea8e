"""Several workers, one result: ranges are scanned side by side, and stitched into what one scan would find.

A worker does not know the state in which the scan reaches its range: it begins at (a, no) and notes what it finds.  The
stitch carries the true state from range to range.  Where it equals, as a whole, a state that the worker passed through
(behind a frame, or behind a piece of a gap or of idle bytes), all that the worker found from there on is true and is
taken over; until then the stitch scans itself.  (`docs/architecture.md`, rule 9: to merge where only the offsets agree
would be wrong.)

State equality is told from rows.  Behind a frame the lock is the one after frames; behind a gap byte it is no.  In a
piece of a gap without any candidate every byte is such a place, so there the piece may be cut.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from sigflow.engine.passes import Batch, Pass
from sigflow.engine.sweep import FRAMES, Rows
from sigflow.engine.windows import windows_of
from sigflow.stream.chain import NO, START, YES

if TYPE_CHECKING:
    import numpy

    from sigflow.engine import Native
    from sigflow.engine.window import Source, Windows

    Array = numpy.ndarray[Any, Any]

#: Bytes of a range: many, so that stitching is rare; few, so that what was found in it is small.  Where frames are
#: long, ranges become longer by and by, up to so many times as long, and shorter again towards the end, so that all
#: workers end at about the same time.
RANGE = 8 << 20
LONGER = 8
#: Ranges that may be done and wait for those before them, for each worker.
AHEAD = 2


class Worker(NamedTuple):
    """What one needs who scans."""

    scan: Pass
    windows: Windows


class ScannedRange(NamedTuple):
    """What a worker found in a range, and where it ended.  rows: the arrays it is in, where they are used again."""

    batch: Batch
    pos: int
    lock: int
    rows: Rows | None = None


def scanned(native: Native, storage: Source, start: int, stop: int) -> ScannedRange:
    """Returns what a scan finds in a range by itself, wherever that is done."""
    after = any(envelope.search.chain is not None for envelope in native.scan.formats)
    worker = Worker(native.one_pass(), windows_of(storage, ahead=False))
    try:
        batch = worker.scan.collected(worker.windows, start, stop, START if start == 0 and after else NO, Rows())
        return ScannedRange(batch, *worker.scan.state)
    finally:
        worker.windows.close()


class Stitched:
    """A pass by several workers.  State: the true state, and the work done."""

    def __init__(
        self,
        native: Native,
        storage: Source,
        workers: int,
        size: int = RANGE,
        begin: int = 0,
        stop: int | None = None,
        lock: int | None = None,
    ) -> None:
        """begin, lock: the state that it begins with.  stop: a place that the scan passes through, where it ends."""
        self._native = native
        self._storage = storage
        self._count = workers
        self._size = size
        self._after = YES if any(envelope.search.chain is not None for envelope in native.scan.formats) else NO
        self._workers_free: SimpleQueue[Worker] = SimpleQueue()
        self._rows_free: SimpleQueue[Rows] = SimpleQueue()
        self._all: list[Worker] = []
        self._scans: list[Pass] = []
        self._begin = begin, stop, lock if lock is not None else START if self._after == YES else NO
        self._state = begin, NO
        self.bytes = begin

    @property
    def work(self) -> int:
        """Bytes checksummed, and header bytes read again, by all workers."""
        return sum(scan.work for scan in self._scans)

    def all(self) -> Iterator[Batch]:
        """What the stream gives, in order.  The bytes of a batch are in the storage."""
        total = self._storage.size
        assert total is not None  # only what has a size is cut into ranges
        following, end, _ = self._begin
        total = total if end is None else min(total, end)
        for _ in range(self._count):
            self._workers_free.put(self._worker())
        for _ in range(self._count * AHEAD + 1):
            self._rows_free.put(Rows())
        waiting: deque[tuple[int, int, Future[ScannedRange]]] = deque()
        with ThreadPoolExecutor(self._count, "sigflow-scan") as pool:
            try:
                yield from self.joined(self._parts(pool, waiting, following, total))
            finally:
                for *_, coming in waiting:
                    coming.cancel()
                pool.shutdown()
                for worker in self._all:
                    worker.windows.close()

    def _parts(
        self,
        pool: ThreadPoolExecutor,
        waiting: deque[tuple[int, int, Future[ScannedRange]]],
        following: int,
        total: int,
    ) -> Iterator[tuple[int, int, ScannedRange]]:
        """The ranges from there on, in order, each as it was scanned by a thread; waiting: those that are under way."""
        size = self._size
        while True:
            while len(waiting) < self._count * AHEAD and following < max(total, 1):
                fair = (total - following) // (2 * self._count)
                start, following = following, following + max(self._size, min(size, fair))
                stop = min(following, total)
                waiting.append((start, stop, pool.submit(self._scan, start, stop)))
            if not waiting:
                return
            start, stop, coming = waiting.popleft()
            part = coming.result()
            if len(part.batch.frames) + len(part.batch.gaps) < FRAMES:
                size = min(2 * size, LONGER * self._size)
            yield start, stop, part
            if part.rows is not None:
                self._rows_free.put(part.rows)

    def joined(self, parts: Iterable[tuple[int, int, ScannedRange]]) -> Iterator[Batch]:
        """What the stream gives, of ranges that were scanned by themselves: in order, each from where the one before
        ends.  The bytes of a batch are in the storage.
        """
        pos, end, lock = self._begin
        own = Worker(self._native.one_pass(), windows_of(self._storage, ahead=False))
        self._scans.append(own.scan)
        try:
            for start, stop, part in parts:
                yield from self._join(part, own, start, stop, pos, lock)
                pos, lock = self._state
                self.bytes = pos
            # The file may have grown meanwhile, or become shorter.
            if end is None or pos < end:
                yield from self._alone(own, pos, lock, end)
                self.bytes = own.scan.bytes
        finally:
            own.windows.close()

    def _worker(self) -> Worker:
        made = Worker(self._native.one_pass(), windows_of(self._storage, ahead=False))
        self._all.append(made)
        self._scans.append(made.scan)
        return made

    def _scan(self, start: int, stop: int) -> ScannedRange:
        """Scan a range from (start, no); in a worker's thread."""
        worker = self._workers_free.get()
        rows = self._rows_free.get()
        try:
            first = START if start == 0 and self._after == YES else NO
            batch = worker.scan.collected(worker.windows, start, stop, first, rows)
            return ScannedRange(batch, *worker.scan.state, rows)
        finally:
            self._workers_free.put(worker)

    def _alone(self, worker: Worker, start: int, lock: int, stop: int | None) -> Iterator[Batch]:
        """Scan from a state on, by absolute offsets."""
        for batch in worker.scan.all(worker.windows, start, stop, lock):
            batch.frames[:, :2] += batch.base
            batch.gaps[:, :2] += batch.base
            yield batch._replace(data=None, base=0)

    # ---------------------------------------------------------------- stitching

    def _join(self, part: ScannedRange, own: Worker, start: int, stop: int, pos: int, lock: int) -> Iterator[Batch]:
        """What the true scan gives from (pos, lock) on, up to where the worker of the range [start, stop) ended."""
        step = 1
        while pos < stop:
            adopted = self._adopted(part, start, pos, lock)
            if adopted is not None:
                yield from _in_pieces(adopted)
                self._state = part.pos, part.lock
                return
            until = self._next_state(part, pos, step, stop)
            step *= 2
            yield from self._alone(own, pos, lock, until)
            if own.scan.state == (pos, lock):
                break  # the stream ends here after all
            pos, lock = own.scan.state
        self._state = pos, lock

    def _next_state(self, part: ScannedRange, pos: int, step: int, stop: int) -> int:
        """The end of the range, or of the `step`-th frame or piece of a gap of the worker behind `pos`."""
        nearest = stop
        for ends in (part.batch.frames[:, 1], part.batch.gaps[:, 1]):
            place = int(ends.searchsorted(pos, "right")) + step - 1
            if place < len(ends):
                nearest = min(nearest, int(ends[place]))
        return max(nearest, pos + 1)

    def _adopted(self, part: ScannedRange, start: int, pos: int, lock: int) -> Batch | None:
        """What the worker found from the state (pos, lock) on; None if it did not pass through that state."""
        batch = part.batch
        frames, gaps = batch.frames, batch.gaps
        row = int(frames[:, 1].searchsorted(pos))
        behind_frame = row < len(frames) and frames[row, 1] == pos
        if behind_frame and lock == self._after:
            return _from(batch, row + 1, int(gaps[:, 0].searchsorted(pos)))
        piece = int(gaps[:, 1].searchsorted(pos))
        if piece < len(gaps) and gaps[piece, 1] == pos and gaps[piece, 3] == 0:
            # Behind idle bytes the lock is what it was before them.
            return self._adopted_behind_idle(batch, start, piece, lock)
        if lock != NO and not (pos == start == 0):
            return None
        if pos == start:
            return _from(batch, 0, 0)
        if piece == len(gaps) or gaps[piece, 0] >= pos:
            return None
        row = int(frames[:, 0].searchsorted(pos))
        if gaps[piece, 1] == pos:
            return _from(batch, row, piece + 1)
        if gaps[piece, 3] == 1 and batch.reasons[gaps[piece, 2]] == 0:
            adopted = _from(batch, row, piece)
            adopted.gaps[0, 0] = pos
            return adopted
        return None

    def _adopted_behind_idle(self, batch: Batch, start: int, piece: int, lock: int) -> Batch | None:
        """The same behind a piece of idle bytes."""
        frames, gaps = batch.frames, batch.gaps
        before = piece
        while before and gaps[before - 1, 1] == gaps[before, 0] and gaps[before - 1, 3] == 0:
            before -= 1
        place = int(gaps[before, 0])
        row = int(frames[:, 1].searchsorted(place))
        if row < len(frames) and frames[row, 1] == place:
            had = self._after
        else:
            had = START if place == start == 0 and self._after == YES else NO
        if had != lock:
            return None
        return _from(batch, int(frames[:, 0].searchsorted(gaps[piece, 1])), piece + 1)


def _from(batch: Batch, row: int, piece: int) -> Batch:
    """What was found from these rows on."""
    gaps = batch.gaps[piece:].copy()
    first = int(gaps[0, 2]) if len(gaps) else len(batch.reasons)
    gaps[:, 2] -= first
    return Batch(batch.frames[row:], batch.marks[row:], gaps, batch.reasons[first:], None, 0)


def _in_pieces(batch: Batch) -> Iterator[Batch]:
    """The batch in pieces of so many frames as one call of the scan gives, which whoever takes them is made for."""
    frames, marks, gaps, reasons = batch[:4]
    before = 0
    for row in range(0, max(len(frames), 1), FRAMES):
        last = row + FRAMES
        piece = len(gaps) if last >= len(frames) else int(gaps[:, 0].searchsorted(frames[last, 0]))
        mine = gaps[before:piece].copy()
        first = int(mine[0, 2]) if len(mine) else 0
        stop = int(mine[-1, 2] + mine[-1, 3]) if len(mine) else 0
        mine[:, 2] -= first
        yield Batch(frames[row:last], marks[row:last], mine, reasons[first:stop], None, 0)
        before = piece
