"""A native pass over a stream: windows in, batches of frames and gaps out, in order.

What the native scan hands back is decided by the Python scan, from the same state, over the same bytes; then the native
scan goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sigflow.engine import loop
from sigflow.engine.sweep import Found as FoundRows
from sigflow.engine.sweep import Sweep
from sigflow.runtime.box import MARK_LOOK, MARK_UNTOLD
from sigflow.runtime.envelope import PREAMBLE
from sigflow.stream.chain import START
from sigflow.stream.scan import Frames, Refusals, Scanner
from sigflow.stream.segment import MORE, Segment

if TYPE_CHECKING:
    import numpy

    from sigflow.engine.sweep import Rows
    from sigflow.engine.window import Window, Windows
    from sigflow.runtime.envelope import Envelope

    Array = numpy.ndarray[Any, Any]

#: Candidates that the Python scan decides at once, and bytes it is given at first.
STEPS = 64
GIVEN = 1 << 16
#: Bytes that the Python scan may have looked at for each that it decided when the native one is tried again, and how
#: many frames and pieces of gaps it makes at most.
PAID = 8
MOST_ROWS = 1 << 15


class Batch(NamedTuple):
    """Frames and pieces of gaps of one stretch of the stream, in order.

    frames: (n, 4) int64, start, stop, counter, stream id.  marks: (n, 2) int64, the number of the format in the scan,
    and its marks (`runtime/box.py`).  gaps: (m, 4) int64, start, stop, place of the first reason, how many; a row
    without reasons is one of idle bytes.  Places are indexes of `data`, whose first byte is at offset `base`; None
    where the bytes are only in the storage.  All of it is valid until the next batch is asked for.
    """

    frames: Array
    marks: Array
    gaps: Array
    reasons: Array
    data: Array | None
    base: int


class Pass:
    """A pass over a stream, or over parts of one.  State: the sweep, and how many bytes have been seen."""

    def __init__(self, formats: Sequence[tuple[Envelope, int]], sweep: Sweep) -> None:
        """formats: as given to the Python scan, of which `sweep` is the native form."""
        self._formats = formats
        self.sweep = sweep
        self._python_work = 0
        #: Whether the Python scan looks at the beginning, where a preamble may stand.
        self._opens = any(part.search.role == PREAMBLE for _, part in sweep.scan.around)
        self.bytes = 0
        #: Where the last stretch ended: the offset of the first byte that is not decided, and the lock.
        self.state = (0, START)

    @property
    def work(self) -> int:
        """Bytes checksummed, and header bytes read again."""
        return self.sweep.work + self._python_work

    def all(self, windows: Windows, start: int = 0, stop: int | None = None, lock: int = START) -> Iterator[Batch]:
        """What a stream gives from the state (start, lock) on, to its end, or until `stop` or more is decided."""
        for window, until in self._windows(windows, start, stop, lock):
            yield from self.over(window, until)

    def collected(self, windows: Windows, start: int, stop: int, lock: int, rows: Rows) -> Batch:
        """The same as one batch, in these arrays, by offsets in the stream."""
        sweep, own = self.sweep, self.sweep.rows
        sweep.rows = rows
        try:
            for window, until in self._windows(windows, start, stop, lock):
                sweep.count_from(window.base)
                sweep.over(window.base)
                if self._opens and window.base + sweep.pos == 0 and (opening := self.by_python(window)) is not None:
                    sweep.add(FoundRows(*opening[:4]))
                while (code := sweep.run(window.data, len(window.data), window.final, until)) in (
                    loop.FULL,
                    loop.UNDECIDABLE,
                ):
                    if code == loop.FULL:
                        rows.grow()
                        continue
                    batch = self.by_python(window, until)
                    if batch is None:
                        break
                    sweep.add(FoundRows(*batch[:4]))
            return Batch(*sweep.take(), None, 0)
        finally:
            sweep.rows = own
            sweep.count_from(0)

    def _windows(self, windows: Windows, start: int, stop: int | None, lock: int) -> Iterator[tuple[Window, int]]:
        """The windows for a scan from a state on, each with where in it the scan is to go; it is scanned then."""
        sweep = self.sweep
        begin = max(start - sweep.lookback, 0)
        windows.begin(begin, stop)
        window = windows.after(begin)
        sweep.begin(start - window.base, lock)
        while True:
            size = len(window.data)
            self.bytes = window.base + size
            yield window, size if stop is None else min(size, stop - window.base)
            self.state = window.base + sweep.pos, sweep.lock
            if window.final or (stop is not None and self.state[0] >= stop):
                return
            following = windows.after(max(self.state[0] - sweep.lookback, window.base))
            sweep.move(following.base - window.base)
            window = following

    def over(self, window: Window, until: int) -> Iterator[Batch]:
        """What one window gives, while its undecided bytes begin before `until`."""
        sweep = self.sweep
        data, base, final, begins = window
        sweep.over(base, begins)
        if self._opens and base + sweep.pos == 0:
            batch = self.by_python(window)
            if batch is None:
                return
            yield batch
        while True:
            code = sweep.run(data, len(data), final, until)
            if sweep.full:
                yield Batch(*sweep.take(), data, base)
            if code == loop.UNDECIDABLE:
                batch = self.by_python(window, until)
                if batch is None:
                    return
                yield batch
            elif code != loop.FULL:
                return

    def by_python(self, window: Window, until: int | None = None) -> Batch | None:
        """Let the Python scan decide what the native one handed back; None where it needs more bytes than there are.

        Its caches begin empty, so the first claim may cost as many looks as it has bytes.  Hence the scan goes on until
        what it decided pays for that, and work stays linear however often the native scan hands back: but not beyond
        `until`, where that is told.
        """
        sweep = self.sweep
        data, base, final, begins = window
        start, size = sweep.pos, GIVEN
        last = len(data) if until is None else max(until, start + 1)
        scanner = Scanner(self._formats, pos=base + start, lock=sweep.lock, begins=begins)
        rows = _Rows(base, sweep.scan.order, sweep.reasons)
        more = True
        while more:
            before = scanner.pos - base
            begin, stop = max(before - scanner.lookback, 0), min(len(data), before + size)
            segment = Segment(data[begin:stop].tobytes(), base + begin)
            done = False
            while more and not done:
                more = scanner.scan(segment, final if stop == len(data) else MORE, rows, STEPS)
                decided = scanner.pos - base - start
                looked = scanner.work + max(scanner.reach - base - start, 0)
                done = decided > 0 and (start + decided >= last or looked <= PAID * decided or rows.count >= MOST_ROWS)
            if scanner.pos - base == before:
                size *= 8
            more = not done and stop < len(data)
        if scanner.pos == base + start:
            return None
        self._python_work += scanner.work
        sweep.set(scanner.pos - base, scanner.lock)
        return rows.batch(data)


class _Rows:
    """Takes what the Python scan finds (`scan.Sink`) and makes rows of it."""

    def __init__(self, base: int, numbers: Sequence[int], reasons: Sequence[tuple[int, str]]) -> None:
        self._base = base
        self._numbers = numbers
        self._codes = {reason: code for code, reason in enumerate(reasons)}
        self._frames: list[tuple[int, int, int, int]] = []
        self._marks: list[tuple[int, int]] = []
        self._gaps: list[tuple[int, int, int, int]] = []
        self._reasons: list[int] = []

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self._frames) + len(self._gaps)

    def frame(self, number: int, segment: Segment, at: int, stop: int) -> None:
        """One frame."""
        base = segment.base
        shift = base - self._base
        self._frames.append((at + shift, stop + shift, 0, 0))
        self._marks.append((self._numbers.index(number), MARK_LOOK | MARK_UNTOLD))

    def frames(self, number: int, segment: Segment, frames: Frames) -> None:
        """A run of frames."""
        for at, stop, _ in frames:
            self.frame(number, segment, at, stop)

    def gap(self, segment: Segment, at: int, stop: int, refusals: Refusals) -> None:
        """Bytes in no frame."""
        shift = segment.base - self._base
        codes = [self._codes[refusal] for refusal in refusals] or [0]
        if self._gaps:
            # One row for many bytes with the same reasons, but a piece of a gap is not longer than the loop makes them.
            start, end, first, count = self._gaps[-1]
            if end == at + shift and end - start < loop.SEGMENT and self._reasons[first:] == codes:
                self._gaps[-1] = start, stop + shift, first, count
                return
        self._gaps.append((at + shift, stop + shift, len(self._reasons), len(codes)))
        self._reasons += codes

    def idle(self, segment: Segment, at: int, stop: int) -> None:
        """Idle bytes."""
        shift = segment.base - self._base
        self._gaps.append((at + shift, stop + shift, len(self._reasons), 0))

    def batch(self, data: Array) -> Batch:
        """The rows as a batch."""
        import numpy

        return Batch(
            numpy.array(self._frames, numpy.int64).reshape(-1, 4),
            numpy.array(self._marks, numpy.int64).reshape(-1, 2),
            numpy.array(self._gaps, numpy.int64).reshape(-1, 4),
            numpy.array(self._reasons, numpy.int64),
            data,
            self._base,
        )
