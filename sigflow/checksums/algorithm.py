"""What a checksum algorithm is, and what its range form is.

The range form makes checksums of overlapping stretches cheap: a prefix state is kept every few bytes, and the value of
a stretch follows from the states at its two ends, however long it is.  All its functions are pure; positions are
counted from where the prefix began.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sigflow.frozen import frozen

#: Algorithms that are kept of those that are made of parameters, at most: any spec may name its own.
MOST = 256
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


class ByteSteps(Protocol):
    """One algorithm a byte at a time, forward and back, on registers that suit it (see `steps.py`)."""

    @property
    def width(self) -> int:
        """Bits of the value."""

    @property
    def start(self) -> int:
        """The register before the first byte."""

    def entered(self, value: int) -> int:
        """The register that leaves with this value."""

    def forward(self, register: int, data: bytes) -> list[int]:
        """The registers before the data and behind each byte: one more than there are bytes."""

    def back(self, register: int, data: bytes) -> list[int]:
        """The registers before each byte of the data and behind it, if this one is behind: one more than bytes."""

    def between(self, before: Sequence[int], behind: Sequence[int]) -> list[tuple[int, int]]:
        """(i, byte) for each i where a byte leads from before[i] to behind[i]."""


@frozen
class Native:
    """The native form of an algorithm: kernel code, which is compiled as part of a scan (`engine/loop.py`).

    The forms are plain functions, named by the family, over int64 numbers and uint8 arrays; P is the row of parameters,
    T a table that they may ignore:

        FAMILY_begin(P), FAMILY_update(state, data, a, b, P, T), FAMILY_finish(state, size, P, T)
        FAMILY_advance(state, data, a, b, P, T)         prefix states, which begin with 0
        FAMILY_over(state, low, high, size, P, T)       the state behind a stretch, from the prefix states at its ends

    The last two where the algorithm has a range form.  What they use besides is constants and functions of their own
    file, under names that no other kernel code has, and `sigflow.reads`.
    """

    family: str
    forms: tuple[Callable[..., Any], ...]
    parameters: tuple[int, ...] = ()


@frozen
class Algorithm:
    """One checksum algorithm."""

    name: str
    #: Bits of the value.
    width: int
    #: compute(data): the value.
    compute: Callable[[Buffer], int]
    #: For data in several pieces: `begin()`, update(state, piece) for each, finish(state).
    update: Callable[[Any, Buffer], Any]
    start: Any = 0
    finish: Callable[[Any], int] = int
    #: Make the range form, and the steps; None where the algorithm has none.
    range_form: Callable[[], RangeSums] | None = None
    step_form: Callable[[], ByteSteps | None] | None = None
    #: The native form; None where the native engine has another (`engine/crc_kernels.py`), or none.
    native: Native | None = None
    #: The value of b"123456789", by which its tests know it.
    check: int | None = None

    def begin(self) -> Any:
        """The state before the first piece."""
        return self.start

    def ranges(self) -> RangeSums | None:
        """The range form; None where the algorithm has none."""
        return self.range_form() if self.range_form is not None else None

    def steps(self) -> ByteSteps | None:
        """The steps; None where no place can be told by them."""
        return self.step_form() if self.step_form is not None else None


def from_function(name: str, width: int, function: Callable[[bytes], int]) -> Algorithm:
    """An algorithm that is only a function of the whole data: pieces are put together first."""

    def compute(data: Buffer) -> int:
        return function(bytes(data))

    def update(state: bytes, data: Buffer) -> bytes:
        return state + bytes(data)

    return Algorithm(name, width, compute, update, b"", compute)
