"""What a window on a stream is, and what gives the windows of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy

#: Bytes that are read at once.
WINDOW = 1 << 21


class Source(Protocol):
    """What is asked of a storage; see `sigflow.storage.Storage`.  It may also have `view`, all of it in memory, or
    `descriptor`, that of its file.
    """

    @property
    def size(self) -> int | None:
        """Its bytes, where that is known."""
        ...

    def chunks(self, chunk_size: int = ..., start: int = ...) -> Iterator[bytes]:
        """The bytes from `start` to the end, in pieces."""
        ...


class Window(NamedTuple):
    """data: uint8, contiguous, read-only, valid until the next window is asked for.  base: the offset of its first
    byte. final, begins: what comes behind it, and where frames begin, as of `stream.segment.Segment`.
    """

    data: numpy.ndarray[Any, Any]
    base: int
    final: int
    begins: int = 0


class Windows(Protocol):
    """The windows of one stream, in order."""

    def begin(self, offset: int, stop: int | None = None) -> None:
        """The next window is the first again, of the stream from this offset on.  stop: where about it will be left."""
        ...

    def after(self, offset: int) -> Window:
        """The next window.  It begins at `offset`, or before, and reaches farther than the last, unless that was
        final.
        """
        ...

    def close(self) -> None:
        """Give back what is held; the arrays must not be used any more."""
        ...


def read_only(data: Any) -> numpy.ndarray[Any, Any]:
    """A buffer as an array that kernel code takes."""
    import numpy

    array = numpy.frombuffer(data, numpy.uint8)
    array.flags.writeable = False
    return array
