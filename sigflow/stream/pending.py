"""The bytes that were fed and are not decided yet.

Strategy.  Where nothing is left over, a chunk is scanned as it is, without a copy.  A small rest is put before the next
chunk; a larger one is a bytearray that grows, so that a long frame in short chunks costs linear time; a very large one
has memory of its own (`room`), which goes back to the system.
A large buffer is let go of as soon as it is decided, not with the next chunk.
"""

from __future__ import annotations

from bisect import bisect_right

from sigflow.events import Stamp
from sigflow.stream.header import Buffer
from sigflow.stream.room import GROWS, Room

#: A rest up to this size is put before the next chunk by a copy.
SMALL = 4096
#: A rest from this size on has memory of its own.
LARGE = 1 << 20
#: What is decided of it is cut off when it is one part in so many: the rest has to be moved.
CUT = 8


class Pending:
    """The buffer.  data: its bytes.  base: the offset of the first.  fed: the end of the stream so far."""

    __slots__ = ("_stamps", "base", "data", "fed")

    def __init__(self) -> None:
        self.data: Buffer = b""
        self.base = 0
        self.fed = 0
        self._stamps: list[tuple[int, Stamp | None]] = []  # (offset of a chunk's first byte, its stamp)

    def add(self, chunk: bytes, done: int, stamp: Stamp | None) -> None:
        """Append a chunk; what lies before the offset `done` is not needed any more."""
        if stamp is not None or self._stamps:
            self._stamp(done, stamp)
        cut = done - self.base
        left = len(self.data) - cut
        if not left:
            self.data = chunk
        elif left <= min(len(chunk), SMALL):
            self.data = b"".join((memoryview(self.data)[cut:], chunk))
        elif left >= LARGE and GROWS:
            done = self._grow(chunk, cut)
        else:
            if not isinstance(self.data, bytearray):
                self.data = bytearray(memoryview(self.data)[cut:])
            elif cut:
                del self.data[:cut]
            self.data += chunk
        self.base = done
        self.fed += len(chunk)

    def _grow(self, chunk: bytes, cut: int) -> int:
        """Append a chunk to a very large rest; gives the offset at which it now begins."""
        if not isinstance(self.data, Room):
            self.data = Room(memoryview(self.data)[cut:])
        elif CUT * cut >= len(self.data):
            self.data.cut(cut)
        else:
            cut = 0
        self.data.append(chunk)
        return self.base + cut

    def release(self, done: int) -> None:
        """Let go of a large buffer once what lies before the offset `done` is most of it.

        Whoever then looks at a long frame does not hold its bytes once more.

        A chunk that is still as it was fed is only let go of whole: it may be the caller's, and a rest would be a copy.
        """
        cut = done - self.base
        if cut == len(self.data):
            self.data = b""
        elif isinstance(self.data, Room) and 2 * cut >= len(self.data):
            self.data.cut(cut)
        elif isinstance(self.data, bytearray) and 2 * cut >= len(self.data):
            del self.data[:cut]
        else:
            return
        self.base = done

    def _stamp(self, done: int, stamp: Stamp | None) -> None:
        if not self._stamps:
            self._stamps.append((0, None))  # what came before carried none
        self._stamps.append((self.fed, stamp))
        old = bisect_right(self._stamps, done, key=lambda each: each[0]) - 1
        del self._stamps[:old]

    @property
    def stamped(self) -> bool:
        """Whether any chunk of the buffer carries a stamp."""
        return bool(self._stamps)

    def stamps(self, start: int, stop: int) -> tuple[Stamp | None, Stamp | None]:
        """The stamps of the chunks with the bytes at `start` and at `stop` - 1."""
        first = bisect_right(self._stamps, start, key=lambda each: each[0]) - 1
        last = bisect_right(self._stamps, stop - 1, first, key=lambda each: each[0]) - 1
        return self._stamps[first][1], self._stamps[last][1]
