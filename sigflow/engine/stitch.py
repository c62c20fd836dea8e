"""Several workers, one result: ranges are scanned side by side, and stitched into what one scan would find.

A worker does not know the state in which the scan reaches its range: it begins at (a, no) and notes what it finds.  The
stitch carries the true state from range to range.  Where it equals, as a whole, a state that the worker passed through
(behind a frame, or behind a piece of a gap), all that the worker found from there on is true and is taken over; until
then the stitch scans itself.  (ARCHITECTURE 4, rule 9: to merge where only the offsets agree would be wrong.)

State equality is told from rows.  Behind a frame the lock is the one after frames; behind a gap byte it is no.  In a
piece of a gap without any candidate every byte is such a place, so there the piece may be cut.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from sigflow.engine.passes import Batch, Pass
from sigflow.engine.windows import windows_of
from sigflow.stream.chain import NO, START, YES

if TYPE_CHECKING:
    import numpy

    from sigflow.engine import Native
    from sigflow.engine.windows import Source

    Array = numpy.ndarray[Any, Any]

#: Bytes of a range: many, so that stitching is rare; few, so that what was found in it is small.
RANGE = 16 << 20
#: Ranges that may be done and wait for those before them, for each worker.
AHEAD = 2


class Part(NamedTuple):
    """What a worker found in a range, by absolute offsets, and where it ended."""

    frames: Array
    marks: Array
    gaps: Array
    reasons: Array
    pos: int
    lock: int


class Stitched:
    """A pass by several workers.  State: the true state, and the work done."""

    def __init__(self, native: Native, storage: Source, workers: int, size: int = RANGE) -> None:
        self._native = native
        self._storage = storage
        self._workers = workers
        self._size = size
        self._after = YES if any(each.chain is not None for each in native.scan.formats) else NO
        self._passes: SimpleQueue[Pass] = SimpleQueue()
        self._all: list[Pass] = []
        self._state = 0, NO
        self.bytes = 0

    @property
    def work(self) -> int:
        """Bytes checksummed, and header bytes read again, by all workers."""
        return sum(each.work for each in self._all)

    def all(self) -> Iterator[Batch]:
        """What the stream gives, in order.  The bytes of a batch are in the storage."""
        total = self._storage.size
        assert total is not None  # only what has a size is cut into ranges
        own = self._new_pass()
        for _ in range(self._workers):
            self._passes.put(self._new_pass())
        ranges = iter(range(0, max(total, 1), self._size))
        waiting: deque[tuple[int, Future[Part]]] = deque()
        with ThreadPoolExecutor(self._workers, "sigflow-scan") as pool:
            try:
                pos, lock = 0, START if self._after == YES else NO
                while True:
                    while len(waiting) < self._workers * AHEAD and (start := next(ranges, None)) is not None:
                        waiting.append((start, pool.submit(self._scan, start, min(start + self._size, total))))
                    if not waiting:
                        break
                    start, coming = waiting.popleft()
                    yield from self._join(coming.result(), own, start, min(start + self._size, total), pos, lock)
                    pos, lock = self._state
                    self.bytes = pos
                # The file may have grown meanwhile, or become shorter.
                yield from self._alone(own, pos, lock, None)
                self.bytes = own.bytes
            finally:
                for _, coming in waiting:
                    coming.cancel()

    def _new_pass(self) -> Pass:
        made = self._native.one_pass()
        self._all.append(made)
        return made

    def _scan(self, start: int, stop: int) -> Part:
        """Scan a range from (start, no); in a worker's thread."""
        one = self._passes.get()
        try:
            first = START if start == 0 and self._after == YES else NO
            return self._collect(one, start, first, stop)
        finally:
            self._passes.put(one)

    def _collect(self, one: Pass, start: int, lock: int, stop: int | None) -> Part:
        import numpy

        parts: list[Batch] = []
        for batch in self._alone(one, start, lock, stop):
            frames, marks, gaps, reasons = (each.copy() for each in batch[:4])
            parts.append(Batch(frames, marks, gaps, reasons, None, 0))
        before = 0
        for part in parts:
            part.gaps[:, 2] += before
            before += len(part.reasons)
        frames = numpy.concatenate([part.frames for part in parts]) if parts else numpy.zeros((0, 4), numpy.int64)
        marks = numpy.concatenate([part.marks for part in parts]) if parts else numpy.zeros((0, 2), numpy.int64)
        gaps = numpy.concatenate([part.gaps for part in parts]) if parts else numpy.zeros((0, 4), numpy.int64)
        reasons = numpy.concatenate([part.reasons for part in parts]) if parts else numpy.zeros(0, numpy.int64)
        return Part(frames, marks, gaps, reasons, *one.state)

    def _alone(self, one: Pass, start: int, lock: int, stop: int | None) -> Iterator[Batch]:
        """Scan from a state on, by absolute offsets."""
        windows = windows_of(self._storage, start=start)
        try:
            for batch in one.all(windows, start, stop, lock):
                batch.frames[:, :2] += batch.base
                batch.gaps[:, :2] += batch.base
                yield batch._replace(data=None, base=0)
        finally:
            windows.close()

    # ---------------------------------------------------------------- stitching

    def _join(self, part: Part, own: Pass, start: int, stop: int, pos: int, lock: int) -> Iterator[Batch]:
        """What the true scan gives from (pos, lock) on, up to where the worker of the range [start, stop) ended."""
        step = 1
        while pos < stop:
            adopted = self._adopted(part, start, pos, lock)
            if adopted is not None:
                yield adopted
                self._state = part.pos, part.lock
                return
            until = self._next_state(part, pos, step, stop)
            step *= 2
            yield from self._alone(own, pos, lock, until)
            if own.state == (pos, lock):
                break  # the stream ends here after all
            pos, lock = own.state
        self._state = pos, lock

    def _next_state(self, part: Part, pos: int, step: int, stop: int) -> int:
        """The end of the range, or of the `step`-th frame or piece of a gap of the worker behind `pos`."""
        found = stop
        for ends in (part.frames[:, 1], part.gaps[:, 1]):
            place = int(ends.searchsorted(pos, "right")) + step - 1
            if place < len(ends):
                found = min(found, int(ends[place]))
        return max(found, pos + 1)

    def _adopted(self, part: Part, start: int, pos: int, lock: int) -> Batch | None:
        """What the worker found from the state (pos, lock) on; None if it did not pass through that state."""
        frames, gaps = part.frames, part.gaps
        row = int(frames[:, 1].searchsorted(pos))
        behind_frame = row < len(frames) and frames[row, 1] == pos
        if behind_frame and lock == self._after:
            return self._from(part, row + 1, int(gaps[:, 0].searchsorted(pos)))
        if lock != NO and not (pos == start == 0):
            return None
        if pos == start:
            return self._from(part, 0, 0)
        piece = int(gaps[:, 1].searchsorted(pos))
        if piece == len(gaps) or gaps[piece, 0] >= pos:
            return None
        row = int(frames[:, 0].searchsorted(pos))
        if gaps[piece, 1] == pos:
            return self._from(part, row, piece + 1)
        if gaps[piece, 3] == 1 and part.reasons[gaps[piece, 2]] == 0:
            batch = self._from(part, row, piece)
            batch.gaps[0, 0] = pos
            return batch
        return None

    def _from(self, part: Part, row: int, piece: int) -> Batch:
        gaps = part.gaps[piece:].copy()
        first = int(gaps[0, 2]) if len(gaps) else len(part.reasons)
        gaps[:, 2] -= first
        return Batch(part.frames[row:], part.marks[row:], gaps, part.reasons[first:], None, 0)
