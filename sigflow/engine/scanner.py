"""The native scan inside a decoder: a `Scanner` that lets the native scan take what a buffer holds, where that pays.

The state is the scanner's own, so that native and Python steps follow each other as the buffer and the marks of a live
caller ask for it.  A buffer that is too short to be worth it, or in which the native scan waits for more bytes, is the
Python scan's, with all that it keeps between chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.engine.passes import Batch, Pass
from sigflow.engine.window import Window, read_only
from sigflow.stream.chain import START
from sigflow.stream.scan import Scanner, Sink
from sigflow.stream.segment import Segment

if TYPE_CHECKING:
    from sigflow.engine.sweep import Sweep
    from sigflow.runtime.envelope import Envelope

#: Undecided bytes from which on a buffer is worth a native scan.
WORTH = 1 << 16
#: Frames that are handed on at a time: few, so that records are freed before the garbage collector looks for them.
HANDED = 512
#: Steps of the Python scan, each of which decided fewer bytes than `EASY`, that are enough: what is left of a stream
#: that takes so long is scanned natively, however short it is, and whatever has to be loaded for it.
LABOUR = 1 << 14
EASY = 64


class NativeScanner(Scanner):
    """Scans natively while at least `worth` bytes are undecided.  sweep: the native form of these formats."""

    def __init__(
        self,
        formats: Sequence[tuple[Envelope, int]],
        sweep: Callable[[], Sweep | None],
        *,
        pos: int = 0,
        lock: int = START,
        marks: Collection[tuple[int, str]] = (),
        worth: int = WORTH,
        due: Callable[[int], float] = lambda fed: 0,
    ) -> None:
        """due(fed): from how many bytes of the stream on the native scan is to be made, of which so many have come; it
        may turn out that there is none.
        """
        self._native: Pass | None = None
        self._work_before = 0  # of native scans that were given up
        super().__init__(formats, pos=pos, lock=lock, marks=marks)
        self._make = sweep
        self._due = due
        self._from: float = 0
        self._worth = worth
        self._base = 0
        self._end = 0
        self._seen = 0  # the end of the stream when the native scan found nothing more
        self._labour = 0  # slow steps of the Python scan

    @property
    def work(self) -> int:
        """Bytes checksummed, and header bytes read again."""
        return super().work + self._work_before + (self._native.work if self._native is not None else 0)

    def _arrange(self) -> None:
        super()._arrange()
        if self._native is not None:  # it is of what the formats were
            self._work_before += self._native.work
            self._native = None

    def _steps(self, segment: Segment, final: int, sink: Sink, steps: int) -> bool:
        data, base = segment.data, segment.base
        end = base + len(data)
        left = end - self.pos
        # `left // 2`: what waits for a long frame is not looked at again with every chunk.
        if (
            steps > 1
            and (end >= self._from or self._labour >= LABOUR)
            and left >= self._worth
            and (final or end - self._seen >= left // 2)
            and not self.marks
            and not self.opens
        ):
            if self._natively(segment, final, sink):
                return True
            self._seen = end
        before = self.pos
        more = super()._steps(segment, final, sink, steps)
        if more and self.pos - before < EASY * steps:
            self._labour += steps
            if self._labour - steps < LABOUR <= self._labour:
                self._seen = 0
        return more

    def _natively(self, segment: Segment, final: int, sink: Sink) -> bool:
        """Take a batch of what there is; whether there was any."""
        data, base = segment.data, segment.base
        if self._native is None:
            end = base + len(data)
            self._from = self._due(end) if self._labour < LABOUR else 0
            made = self._make() if self._from <= end else None
            if made is None:
                self._from = max(self._from, 2 * end)
                self._labour = 0
                return False
            self._native = Pass(self._formats, made)
        native, sweep = self._native, self._native.sweep
        if (base, base + len(data)) != (self._base, self._end):
            sweep.move(base - self._base)
            self._base, self._end = base, base + len(data)
        sweep.set(self.pos - base, self.lock)
        batch = next(native.over(Window(read_only(data), base, final, self.begins), len(data)), None)
        if batch is None:
            return False
        self._hand_on(sweep, batch, segment, sink)
        self._pass(base + sweep.pos, sweep.lock)
        self._forget()
        return True

    def _hand_on(self, sweep: Sweep, batch: Batch, segment: Segment, sink: Sink) -> None:
        """The frames, gaps and idle bytes of a batch, in order."""
        data = segment.data
        scan, reasons = sweep.scan, sweep.reasons
        numbers = [scan.order[k] for k in batch.marks[:, 0].tolist()]
        heads = {number: envelope.measure.head for number, envelope in zip(scan.numbers, scan.formats, strict=True)}
        starts, stops = batch.frames[:, 0].tolist(), batch.frames[:, 1].tolist()
        before = batch.frames[:, 0].searchsorted(batch.gaps[:, 0]).tolist()
        codes = batch.reasons.tolist()
        row = 0
        for until, (start, stop, first, count) in zip(
            [*before, len(starts)], [*batch.gaps.tolist(), (0, 0, 0, 0)], strict=True
        ):
            while row < until:
                number = numbers[row]
                last = row + 1
                while last < until and numbers[last] == number:
                    last += 1
                head = heads.get(number)
                frames: Any = [
                    (at, end, head(data, at) if head is not None else None)
                    for at, end in zip(starts[row:last], stops[row:last], strict=True)
                ]
                sink.frames(number, segment, frames)
                row = last
            if stop and not count:
                sink.idle(segment, start, stop)
            elif stop:
                sink.gap(segment, start, stop, [reasons[code] for code in codes[first : first + count]])
