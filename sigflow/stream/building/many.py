"""Many frames, from many values: as few pieces of bytes, each of many frames side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from sigflow.errors import BuildError, UsageError
from sigflow.runtime.writing.node import Mistake

if TYPE_CHECKING:
    import numpy

    from sigflow.stream.format import Format

    Array = numpy.ndarray[Any, Any]

#: Values of which a piece is made, and bytes after which one ends.
VALUES = 4096
BYTES = 1 << 22
#: Values with mistakes that are told of; then no more of the piece are looked at.
MOST_ROWS = 10


class BuiltFrames(bytearray):
    """The bytes of frames, side by side in their order: bytes-like, so that it is written to a file as it is.

    offsets: where each frame begins in them, and at the end where the last one stops (int64, one more than frames).
    """

    __slots__ = ("offsets",)
    offsets: Array

    @classmethod
    def of(cls, frames: Sequence[bytes]) -> BuiltFrames:
        """These frames."""
        import numpy as np

        made = cls(b"".join(frames))
        made.offsets = np.zeros(len(frames) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, frames), np.int64, len(frames)), out=made.offsets[1:])
        return made

    @property
    def frames(self) -> int:
        """How many frames it holds."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Array:
        """The bytes of each frame."""
        lengths: Array = self.offsets[1:] - self.offsets[:-1]
        return lengths


def one_by_one(
    format: Format, values: Iterable[Any], keep: str | Iterable[str], first: int = 0
) -> Iterator[BuiltFrames]:
    """The frames of these values, each built by itself.  first: the number of the first.

    Raises `BuildError` with the mistakes of the first values that have any; what was given before is whole.
    """
    kept = keep if isinstance(keep, str) else tuple(keep)
    waiting = iter(values)
    while batch := list(islice(waiting, VALUES)):
        yield from _pieces(_frames(format, batch, kept, first))
        first += len(batch)


def _frames(format: Format, values: Sequence[Any], keep: str | tuple[str, ...], first: int) -> list[bytes]:
    """A frame for each of these values.  Raises `BuildError` with all mistakes of the first that have some."""
    frames: list[bytes] = []
    mistakes: list[Mistake] = []
    told: list[str] = []
    for row, value in enumerate(values, first):
        try:
            frames.append(format.build(value, keep=keep))
        except UsageError as error:
            own: Sequence[Any] = getattr(error, "mistakes", ()) or (Mistake("", str(error)),)
            mistakes += [replace(mistake, row=row) for mistake in own]
            told.append(f"row {row}: {str(error).removeprefix(f'{format.name}: ')}")
            if len(told) == MOST_ROWS:
                told.append("further rows are not looked at")
                break
    if told:
        text = told[0] if len(told) == 1 else "not all rows can be built\n" + "\n".join(told)
        raise BuildError(f"{format.name}: {text}", mistakes)
    return frames


def _pieces(frames: Sequence[bytes]) -> Iterator[BuiltFrames]:
    """Frames in pieces of bounded size."""
    start = size = 0
    for stop, frame in enumerate(frames, 1):
        size += len(frame)
        if size >= BYTES:
            yield BuiltFrames.of(frames[start:stop])
            start, size = stop, 0
    if start < len(frames):
        yield BuiltFrames.of(frames[start:])
