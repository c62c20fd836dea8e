"""One native scan under way: its state and its arrays, and what comes out of each call.

State: as of `sigflow.stream.scan.Scanner`, `pos` and `lock`; here with `pos` counted from the beginning of the buffer.
The account of work goes along; prefix states and the queue of runs are caches that hold for one buffer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sigflow.engine import continuation, loop
from sigflow.engine.calls import Prepared
from sigflow.runtime.box import BOX_ALL, BOX_KNOWN, BOX_PARAMETERS, X_SIZE
from sigflow.stream.chain import NO, START, YES

if TYPE_CHECKING:
    import numpy

    from sigflow.engine.build import Entry
    from sigflow.engine.plan import Scan

    Array = numpy.ndarray[Any, Any]

#: Frames and pieces of gaps that one call gives at most: their arrays fit into the second cache with the data.
FRAMES = 16384
GAPS = 16384
#: Prefix states to begin with, and the most for which the room is kept when they are dropped: a long claim takes much.
STATES = 1 << 12
KEPT = 1 << 16
#: Room for more is for so many at least.  What is never written to takes no memory, and a block above 32 MiB always
#: goes back to the system (see `stream/pending.py`).
MANY = (33 << 20) // 8
#: Bytes of room for a unit, beyond what it may have.
UNIT = 64
#: Places in the queue of runs.
QUEUE = 1 << 16
#: The arguments of a scan that say what is to be scanned, see `Sweep.prepared`.
END, FINAL, UNTIL = 1, 2, 3


class Found(NamedTuple):
    """What a call found, as views of arrays that the next call writes to.

    frames: (n, 4) int64, start, stop, counter and stream id.  marks: (n, 2) int64, the number of the format in the
    scan, and whether the record needs a look.  gaps: (m, 4) int64, start, stop, place of its first reason in `reasons`,
    and how many it has; none where the bytes are idle.  Places count from the beginning of the buffer.
    """

    frames: Array
    marks: Array
    gaps: Array
    reasons: Array


class Rows:
    """The arrays that a scan writes to.  They are used again: new memory takes as long as a scan."""

    def __init__(self, frames: int = FRAMES, gaps: int = GAPS) -> None:
        """Room for so many frames and pieces of gaps."""
        import numpy

        self.frames = numpy.empty((frames, 4), numpy.int64)
        self.marks = numpy.empty((frames, 2), numpy.int64)
        self.gaps = numpy.empty((gaps, 4), numpy.int64)
        self.reasons = numpy.empty(gaps * 2 + 4 * loop.MOST_REASONS, numpy.int64)

    def grow(self) -> None:
        """Twice as much room; what was written stays."""
        for name in ("frames", "marks", "gaps", "reasons"):
            array = getattr(self, name)
            setattr(self, name, _grown(array, 2 * len(array)))


class Sweep:
    """A scan of one stream, or of a part of one.  entry: compiled, or plain Python."""

    def __init__(self, scan: Scan, entry: Entry, *, lock: int = START, most: int = FRAMES) -> None:
        import numpy

        self.scan = scan
        self._entry = entry
        int64 = numpy.int64
        self._state = numpy.zeros(loop.SIZE_OF_STATE, int64)
        self._after = YES if any(envelope.search.chain is not None for envelope in scan.formats) else NO
        self._state[loop.LOCK] = lock if self._after == YES else NO
        self._state[loop.GAP_START] = self._state[loop.IDLE_START] = -1
        self._rows = numpy.array(scan.rows(), int64)
        prefixes = scan.prefixes()
        self._checks = numpy.array(
            [[check.checksum.size, prefix] for check, prefix in zip(scan.checks, prefixes, strict=True)] or [[0, -1]],
            int64,
        )
        first, begins = scan.first_bytes()
        self._first, self._begins = numpy.array(first, int64), numpy.array(begins, int64)
        self.reasons, codes = scan.reasons()
        self._codes = numpy.array(codes, int64)
        self._alphabet = numpy.frombuffer(bytes(range(256)), numpy.uint8)
        self._box = numpy.zeros(BOX_ALL, int64)
        for envelope in scan.formats:
            numbers = envelope.measure.parameters
            self._box[BOX_PARAMETERS : BOX_PARAMETERS + len(numbers)] = [_signed(number) for number in numbers]
        self._unit_limit = scan.unit_limit
        self._unit = numpy.zeros(UNIT, numpy.uint8)
        self._meanings = numpy.array(scan.meanings(), int64)
        #: Bytes before `pos` that a verdict may look at.
        self.lookback = scan.lookback
        self._scratch = numpy.zeros(X_SIZE, int64)
        #: Where what is found goes to.
        self.rows = Rows(most, GAPS if most == FRAMES else most + 5)
        arrays = 2 * (max(prefixes, default=-1) + 1)  # of each algorithm, states close together and far apart
        self._prefixes = arrays
        #: The prefix states of each algorithm.
        self.states = _states(max(1, arrays))
        lengths = max(len(scan.chains), 1)
        self._queue = numpy.zeros((QUEUE * lengths if self._after == YES else 1, 2), int64)
        several = self._after == YES
        self._near = numpy.zeros((loop.NEAR_ROWS if several else 1, loop.NEAR_CLAIMS + len(scan.formats)), int64)
        counted = self._after == YES and any(row[loop.TOLD_COUNTER] for row in scan.rows())
        self._runs = numpy.zeros((continuation.ROWS * lengths if counted else 1, continuation.NEWEST + 1), int64)
        kernels = [check.kernel for check in scan.checks if check.kernel is not None]
        # Copies: what is compiled depends on whether an array may be written to.
        self._parameters = tuple(kernel.P.copy() for kernel in kernels) or (numpy.zeros(1, int64),)
        self._tables = tuple(kernel.T.copy() for kernel in kernels) or (numpy.zeros((1, 1), int64),)
        for array in range(arrays):
            self._state[loop.PREFIXES + 2 * array + 1] = loop.COARSE_SCALE if array & 1 else scan.scale

    # ---------------------------------------------------------------- the state

    @property
    def pos(self) -> int:
        """The first byte of the buffer that is not decided."""
        return int(self._state[loop.POS])

    @property
    def lock(self) -> int:
        """The lock."""
        return int(self._state[loop.LOCK])

    @property
    def work(self) -> int:
        """Bytes checksummed, and header bytes read again."""
        return int(self._state[loop.SUMMED] + self._state[loop.REREAD])

    def count_from(self, base: int) -> None:
        """Places in rows count from so many bytes before the beginning of the buffer."""
        self._state[loop.BASE] = base

    def over(self, base: int, begins: int = 0) -> None:
        """The buffer begins at this offset of the stream; frames begin at that one (see `stream.segment.Segment`)."""
        self._state[loop.ORIGIN] = begins - base

    def set(self, pos: int, lock: int) -> None:
        """Go on from this state."""
        self._state[loop.POS] = pos
        self._state[loop.LOCK] = lock if self._after == YES else NO

    def relock(self, lock: int) -> None:
        """Go on from here with this lock."""
        self.words[loop.LOCK] = lock if self._after == YES else NO

    def begin(self, pos: int, lock: int) -> None:
        """Go on from this state in another stretch of the stream; nothing that was kept holds there."""
        self.set(pos, lock)
        state = self._state
        state[loop.CREDIT] = 0
        state[loop.LOOKS] = 0
        state[loop.HIGH] = state[loop.SEEN] = state[loop.PAID_LOOKS] = pos
        state[loop.CLEAR_AT] = state[loop.CLEAR_TO] = pos
        self.drop()

    def move(self, by: int) -> None:
        """The buffer now begins `by` bytes later: what is kept of places moves, and caches of places are dropped."""
        state = self._state
        for place in (loop.POS, loop.HIGH, loop.SEEN, loop.PAID_LOOKS, loop.CLEAR_AT, loop.CLEAR_TO):
            state[place] -= by
        self.drop()

    def drop(self) -> None:
        """Forget the caches that hold for one buffer."""
        state = self._state
        for place in (loop.CURSOR, loop.HORIZON, loop.HEAD, loop.TAIL, loop.ENTERED):
            state[place] = 0
        state[loop.NEAR_AGE] += 1
        for bank in range(loop.BANKS, loop.BANKS + loop.BANKED * len(self.scan.chains), loop.BANKED):
            state[bank : bank + 5] = 0  # (the same of the lengths of chains that are not looked at)
        for array in range(self._prefixes):
            state[loop.PREFIXES + 2 * array] = 0
        if self._unit_limit:
            self._box[BOX_KNOWN:] = 0
        if any(len(states) > KEPT for states in self.states):
            self.states = _states(len(self.states))

    # ---------------------------------------------------------------- scanning

    def run(self, data: Array, end: int, final: int, until: int) -> int:
        """Scan data[:end] while `pos` < until; gives `loop.DONE`, LACKING, FULL or UNDECIDABLE.

        data: uint8, contiguous and read-only.  What was found stays until it is taken (`take`).
        """
        self._make_room(end)
        while True:
            code = self._entry(data, end, final, until, *self._others())
            if code != loop.GROW:
                return int(code)
            self.grow()

    def prepared(self, data: Array) -> Prepared:
        """The same over a buffer that stays: a call of which END, FINAL and UNTIL are to be set.

        It holds until `grow` was asked for, or `rows` changed, or `states` did.
        """
        self._make_room(len(data))
        return Prepared(self._entry, data, 0, 0, 0, *self._others())

    def _others(self) -> tuple[Any, ...]:
        """The arguments behind those that say what is to be scanned."""
        rows = self.rows
        return (
            self._after, self._state, self._rows, self._checks, self._first, self._begins, self._codes, self._alphabet,
            self._box, self._scratch, rows.frames, rows.marks, rows.gaps, rows.reasons, self.states, self._queue,
            self._near, self._runs, self._unit, self._meanings, self._parameters, self._tables,
        )  # fmt: skip

    def _make_room(self, end: int) -> None:
        """Have room for a unit of a buffer of so many bytes."""
        room = min(self._unit_limit, end) + UNIT
        if self._unit_limit and len(self._unit) < room:
            import numpy

            self._unit = numpy.zeros(room, numpy.uint8)

    def grow(self) -> None:
        """Have room for as many prefix states as the scan wants."""
        wanted = int(self._state[loop.WANTED])
        if wanted > KEPT:
            wanted = max(wanted, MANY)
        self.states = tuple(_grown(states, wanted) for states in self.states)

    @property
    def depends_on_end(self) -> bool:
        """Whether what is kept between two calls holds only while the buffer ends where it does."""
        return self._after == YES or self._unit_limit > 0

    @property
    def words(self) -> memoryview:
        """The state as it stands, for who reads it often (`loop` has the places)."""
        return self._state.data

    @property
    def full(self) -> bool:
        """Whether something was found that was not taken."""
        return bool(self._state[loop.FRAMES] or self._state[loop.GAPS])

    def take(self) -> Found:
        """What was found since the last time; the arrays are written to again by the next `run`."""
        state = self._state
        frames, gaps, reasons = (int(state[place]) for place in (loop.FRAMES, loop.GAPS, loop.REASONS))
        state[loop.FRAMES] = state[loop.GAPS] = state[loop.REASONS] = 0
        rows = self.rows
        return Found(rows.frames[:frames], rows.marks[:frames], rows.gaps[:gaps], rows.reasons[:reasons])

    def add(self, rows_found: Found) -> None:
        """Take in rows that the Python scan made, as if they had been found here."""
        state, rows = self._state, self.rows
        frames, gaps, reasons = (int(state[place]) for place in (loop.FRAMES, loop.GAPS, loop.REASONS))
        while (
            frames + len(rows_found.frames) >= len(rows.marks)
            or gaps + len(rows_found.gaps) >= len(rows.gaps)
            or reasons + len(rows_found.reasons) >= len(rows.reasons)
        ):
            rows.grow()
        rows.frames[frames : frames + len(rows_found.frames)] = rows_found.frames
        rows.frames[frames : frames + len(rows_found.frames), :2] += state[loop.BASE]
        rows.marks[frames : frames + len(rows_found.marks)] = rows_found.marks
        rows.gaps[gaps : gaps + len(rows_found.gaps)] = rows_found.gaps
        rows.gaps[gaps : gaps + len(rows_found.gaps), :2] += state[loop.BASE]
        rows.gaps[gaps : gaps + len(rows_found.gaps), 2] += reasons
        rows.reasons[reasons : reasons + len(rows_found.reasons)] = rows_found.reasons
        state[loop.FRAMES] += len(rows_found.frames)
        state[loop.GAPS] += len(rows_found.gaps)
        state[loop.REASONS] += len(rows_found.reasons)


def _states(arrays: int) -> tuple[Array, ...]:
    """Room for the prefix states to begin with."""
    import numpy

    return tuple(numpy.zeros(STATES, numpy.int64) for _ in range(arrays))


def _grown(array: Array, wanted: int) -> Array:
    """The array with as many rows, and what was in it."""
    import numpy

    if len(array) >= wanted:
        return array
    grown = numpy.empty((wanted, *array.shape[1:]), numpy.int64)
    grown[: len(array)] = array
    return grown


def _signed(number: int) -> int:
    """A number of up to 64 bits as two's complement."""
    return number - (1 << 64) if number >= 1 << 63 else number
