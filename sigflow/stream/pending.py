"""The bytes that were fed and are not decided yet.

Strategy.  Where nothing is left over, a chunk is scanned as it is, without a copy.  A small rest is put before the next
chunk; a larger one is a bytearray that grows, so that a long frame in short chunks costs linear time.
A large buffer is let go of as soon as it is decided, not with the next chunk.

A very large bytearray is only ever resized at its end, and shrinks before it goes.  The GNU C library takes such a
block from the system and gives it back; but where one is freed as it is, blocks of that size come from its own heap
from then on (`mallopt(3)`, M_MMAP_THRESHOLD), which grows around whatever is allocated meanwhile and hardly shrinks.
"""

from __future__ import annotations

from bisect import bisect_right

from sigflow.events import Stamp
from sigflow.stream.segment import Segment

#: A rest up to this size is put before the next chunk by a copy.
SMALL = 4096
#: A rest from this size on is very large.
LARGE = 1 << 20
#: What is decided of it is cut off when it is one part in so many: the rest has to be moved.
PARTS = 8


class Pending(Segment):
    """The buffer.  fed: the end of what it has.  lookback: bytes that are kept before what is not decided."""

    __slots__ = ("_lookback", "fed")

    def __init__(self, lookback: int = 0, base: int = 0) -> None:
        super().__init__(b"", base)
        self.fed = base
        self._lookback = lookback

    def add(self, chunk: bytes | memoryview, done: int) -> None:
        """Append a chunk; what lies before the offset `done` is not needed any more."""
        done = max(self.base, done - self._lookback)
        cut = done - self.base
        left = len(self.data) - cut
        if not left:
            self._replace(bytes(chunk))
        elif left <= min(len(chunk), SMALL):
            self._replace(b"".join((memoryview(self.data)[cut:], chunk)))
        else:
            if not isinstance(self.data, bytearray):
                self.data = bytearray(memoryview(self.data)[cut:])
            elif cut and len(self.data) < LARGE:
                del self.data[:cut]
            elif PARTS * cut >= len(self.data):
                _cut(self.data, cut)
            elif cut:
                done = self.base
            self.data += chunk
        self.base = done
        self.fed += len(chunk)

    def _replace(self, data: bytes) -> None:
        """Have this buffer instead."""
        if isinstance(self.data, bytearray):
            self.data.clear()
        self.data = data

    def release(self, done: int) -> None:
        """Let go of a large buffer once what lies before the offset `done` is most of it.

        Whoever then looks at a long frame does not hold its bytes once more.

        A chunk that is still as it was fed is only let go of whole: it may be the caller's, and a rest would be a copy.
        """
        done = max(self.base, done - self._lookback)
        cut = done - self.base
        if cut == len(self.data):
            self._replace(b"")
        elif len(self.data) - cut <= self._lookback:
            self._replace(bytes(self.data[cut:]))
        elif isinstance(self.data, bytearray) and 2 * cut >= len(self.data):
            _cut(self.data, cut)
        else:
            return
        self.base = done


class Stamps:
    """Which chunk came in when: the stamps of the bytes that are not decided yet.

    State: the offset of each chunk's first byte, and the stamps.
    """

    __slots__ = ("_offsets", "_stamps")

    def __init__(self, offsets: list[int] | None = None, stamps: list[Stamp | None] | None = None) -> None:
        self._offsets = offsets or []
        self._stamps = stamps or []

    def __bool__(self) -> bool:
        return bool(self._offsets)

    def add(self, offset: int, stamp: Stamp | None, done: int) -> None:
        """A chunk whose first byte is at this offset; what lies before the offset `done` is not asked for any more."""
        if not self._offsets:
            self._offsets.append(0)  # what came before carried none
            self._stamps.append(None)
        self._offsets.append(offset)
        self._stamps.append(stamp)
        old = bisect_right(self._offsets, done) - 1
        if old > 0:
            del self._offsets[:old], self._stamps[:old]

    def of(self, start: int, stop: int) -> tuple[Stamp | None, Stamp | None]:
        """The stamps of the chunks with the bytes at `start` and at `stop` - 1."""
        first = bisect_right(self._offsets, start) - 1
        last = bisect_right(self._offsets, stop - 1, first) - 1
        return self._stamps[first], self._stamps[last]

    def part(self, start: int, stop: int) -> Stamps:
        """The same for the bytes from `start` to `stop`, to be kept with them."""
        first = bisect_right(self._offsets, start) - 1
        last = bisect_right(self._offsets, stop - 1, first)
        return Stamps(self._offsets[first:last], self._stamps[first:last])


def _cut(data: bytearray, size: int) -> None:
    """Take so many bytes away at the beginning, in place: behind `del data[:size]` the next bytes take a new block."""
    left = len(data) - size
    with memoryview(data) as view:
        view[:left] = view[size:]
    del data[left:]
