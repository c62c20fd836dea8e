"""What a checksum algorithm is, and what its range form is.

The range form makes checksums of overlapping stretches cheap: a prefix state is kept every few bytes, and the value of
a stretch follows from the states at its two ends, however long it is.  All its functions are pure; positions are
counted from where the prefix began.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

#: Anything that has bytes in it.
Buffer = bytes | bytearray | memoryview


class RangeSums(Protocol):
    """The range form of one algorithm.  A state sums up all bytes from the origin to a position, a part any stretch."""

    @property
    def start(self) -> int:
        """The state at the origin."""

    @property
    def compact(self) -> bool:
        """Whether a state always fits into 64 bits."""

    def advance(self, state: int, data: Buffer, at: int) -> int:
        """The state behind `data`, which stands at position `at`."""

    def between(self, low: int, high: int, at: int, stop: int) -> Any:
        """The part for the bytes from `at` (with state `low`) to `stop` (with state `high`)."""

    def join(self, left: Any, left_size: int, right: Any, right_size: int) -> Any:
        """The part for two stretches one after the other."""

    def value(self, part: Any, size: int) -> int:
        """The checksum of a stretch of `size` bytes."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One checksum algorithm.

    width: bits of the value.  compute(data): the value.  For data in several pieces: `begin()`, `update(state, piece)`
    for each, `finish(state)`.  `ranges()`: the range form, or None.
    """

    name: str
    width: int
    compute: Callable[[Buffer], int]
    update: Callable[[Any, Buffer], Any]
    start: Any = 0
    finish: Callable[[Any], int] = int
    range_form: Callable[[], RangeSums] | None = None

    def begin(self) -> Any:
        """The state before the first piece."""
        return self.start

    def ranges(self) -> RangeSums | None:
        """The range form; None where the algorithm has none."""
        return self.range_form() if self.range_form is not None else None


def from_function(name: str, width: int, function: Callable[[bytes], int]) -> Algorithm:
    """An algorithm that is only a function of the whole data: pieces are put together first."""

    def compute(data: Buffer) -> int:
        return function(bytes(data))

    def update(state: bytes, data: Buffer) -> bytes:
        return state + bytes(data)

    return Algorithm(name, width, compute, update, b"", compute)
