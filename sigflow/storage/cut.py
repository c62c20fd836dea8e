"""A recorded stream with cuts and marks: what was told about it while it was live, beside its bytes.

Offsets are those of the stream, in which missing bytes count: `size`, `chunks` and `read` of such a storage speak of
these.  Missing bytes are in no storage: `read` ends where they begin, as it ends at the end of the stream, and no chunk
goes over them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from sigflow.errors import UsageError
from sigflow.storage.base import DEFAULT_CHUNK, Closing, cuts_of, marks_of, moments_of
from sigflow.stream.cuts import Cut, in_order

if TYPE_CHECKING:
    from sigflow.storage.base import Storage


def with_cuts(
    storage: Storage,
    cuts: Iterable[Cut | tuple[int, str] | tuple[int, str, int | None]],
    marks: Collection[tuple[int, str]],
) -> Storage:
    """The storage with these cuts and marks; itself where there are none.

    Raises `UsageError` where it has some already, or cuts are in no order that a stream can have.
    """
    listed = in_order(cuts)
    if not listed and not marks:
        return storage
    if cuts_of(storage) or marks_of(storage):
        raise UsageError(f"{storage.name} carries cuts or marks of its own")
    return CutStorage(storage, tuple(listed), tuple(marks))


class CutStorage(Closing):
    """The bytes of `inner`, which has nothing where bytes are missing, and what was told about them.

    Cuts and marks behind the end of the stream are of no effect.
    """

    def __init__(self, inner: Storage, cuts: tuple[Cut, ...], marks: tuple[tuple[int, str], ...]) -> None:
        self._inner = inner
        self.name = inner.name
        self.repeatable = inner.repeatable
        self.cuts = cuts
        self.marks = marks
        # Where pieces without missing bytes begin, in the stream and in `inner`.
        self._starts, self._stored = [0], [0]
        for cut in cuts:
            if cut.missing:
                self._stored.append(cut.offset - self._starts[-1] + self._stored[-1])
                self._starts.append(cut.stop)
        size = inner.size
        #: Bytes of the stream, the missing ones among them.
        self.size = None if size is None else size + self._shift(bisect_right(self._stored, size) - 1)

    @property
    def fault(self) -> Exception | None:
        """How a compressed capture was damaged, once that was met."""
        fault: Exception | None = getattr(self._inner, "fault", None)
        return fault

    @property
    def moment(self) -> Callable[[int], int | None] | None:
        """When the byte at an offset was received, where that is known."""
        return moments_of(self._inner)

    def _shift(self, piece: int) -> int:
        """How many bytes are missing before a piece."""
        return self._starts[piece] - self._stored[piece]

    def _stop(self, piece: int) -> int | None:
        """Where a piece ends in the stream; None: with it."""
        return None if piece + 1 == len(self._starts) else self._stored[piece + 1] + self._shift(piece)

    def chunks(self, chunk_size: int = DEFAULT_CHUNK, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` to the end, in pieces of 1 to `chunk_size` bytes, none of which goes over missing
        bytes.
        """
        piece = bisect_right(self._starts, start) - 1
        stop = self._stop(piece)
        at = start - self._shift(piece) if stop is None else min(start, stop) - self._shift(piece)  # in `inner`
        for chunk in self._inner.chunks(chunk_size, at):
            done = 0
            while done < len(chunk):
                while piece + 1 < len(self._stored) and self._stored[piece + 1] <= at:
                    piece += 1
                left = self._stored[piece + 1] - at if piece + 1 < len(self._stored) else len(chunk)
                part = chunk[done : done + left]
                yield part
                done += len(part)
                at += len(part)

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer where the stream ends or bytes are missing."""
        piece = bisect_right(self._starts, start) - 1
        end, shift = self._stop(piece), self._shift(piece)
        stop = stop if end is None else min(stop, end)
        return self._inner.read(start - shift, stop - shift) if start < stop else b""

    def close(self) -> None:
        """Closes what is read."""
        self._inner.close()
