"""Memory of its own for what is large and comes and goes: the rest of a stream that a long claim holds back.

A block that comes from the heap of the C library goes back to it, but not from there to the system: what is allocated
meanwhile stands in the way, and the heap only grows.  (The GNU library maps large blocks by themselves, until the first
is freed; from then on blocks of its size come from the heap as well: `mallopt(3)`, M_MMAP_THRESHOLD.)
"""

from __future__ import annotations

import sys
from mmap import mmap

if sys.platform == "linux":
    from mmap import MAP_ANONYMOUS, MAP_PRIVATE

    def anonymous(size: int) -> mmap:
        """So many bytes of memory, all 0, that are given back when nobody refers to them."""
        return mmap(-1, size, flags=MAP_PRIVATE | MAP_ANONYMOUS)

else:

    def anonymous(size: int) -> mmap:
        """So many bytes of memory, all 0, that are given back when nobody refers to them."""
        return mmap(-1, size)


#: Whether a map can grow: only Linux can move one.
GROWS = sys.platform == "linux"
#: Bytes more than it holds for which a `Room` looks for a place, at least.
AHEAD = 1 << 20


class Room(mmap):
    """Bytes that grow at the end and are cut at the beginning; else as a `bytearray`.  Where `GROWS`."""

    _place: int

    def __new__(cls, data: memoryview) -> Room:
        """A copy of these bytes, of which there is at least one."""
        self = super().__new__(cls, -1, len(data), flags=MAP_PRIVATE | MAP_ANONYMOUS)
        self[:] = data
        self._place = 0
        return self

    def append(self, chunk: bytes) -> None:
        """Add bytes at the end."""
        begin = len(self)
        end = begin + len(chunk)
        if end > self._place:
            # Where it stands now something else may stand behind it, and it would move again with every page.
            self._place = end + max(end // 4, AHEAD)
            self.resize(self._place)
        self.resize(end)
        self[begin:] = chunk

    def cut(self, size: int) -> None:
        """Take so many bytes away at the beginning; fewer than there are."""
        left = len(self) - size
        self.move(0, size, left)
        self.resize(left)

    def find(self, what: bytes | int, start: int = 0, stop: int | None = None) -> int:  # type: ignore[override]
        """The first place of these bytes, or of this byte, from `start` on and before `stop`; -1 if there is none."""
        literal = bytes((what,)) if isinstance(what, int) else what
        return super().find(literal, start, len(self) if stop is None else stop)

    def startswith(self, literal: bytes, at: int) -> bool:
        """Whether these bytes stand there."""
        return self[at : at + len(literal)] == literal
